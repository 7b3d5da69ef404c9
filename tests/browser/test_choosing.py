"""Several people share a number: the agent says who it is, with a click or a key, and only when the key is meant."""

import pytest
from playwright.async_api import expect
from tests.browser import recorded
from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser

ANSWERED = {"mode": "full", "call": recorded.call("answered", answered_at=recorded.ago(seconds=5))}


async def test_each_candidate_says_why_and_from_where_and_how_many_more_there_are(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.shared(f"{desk.agent}.p1", **ANSWERED))
    rows = page.locator(".candidate")
    await expect(rows).to_have_count(3)
    await expect(rows.first).to_contain_text("李**")
    await expect(rows.first).to_contain_text("order SO-7 under way")
    await expect(rows.first).to_contain_text("from crm")
    await expect(page.locator(".candidates .more")).to_have_text("and 2 more")
    await expect(page.locator(".profile")).to_be_hidden()


async def test_a_key_chooses(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.shared(f"{desk.agent}.p1", **ANSWERED))
    await expect(page.locator(".candidate")).to_have_count(3)
    await page.keyboard.press("2")
    await expect(page.locator(".caller-name")).to_have_text("王*")
    await expect(page.locator(".history .section-title")).to_have_text("Earlier calls from this line")
    assert [f"{desk.agent}.p1", "crm:012", False] in desk.noted()["chosen"]


async def test_a_click_chooses_and_the_focus_stays_where_it_was(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.shared(f"{desk.agent}.p1", **ANSWERED))
    await page.get_by_label("Remember for this number").check()
    third = page.locator(".candidate").nth(2)
    await third.click()
    await expect(page.locator(".caller-name")).to_have_text("J*** S***")
    await expect(third).to_have_attribute("aria-pressed", "true")
    await expect(third).to_be_focused()
    assert [f"{desk.agent}.p1", "helpdesk:77", True] in desk.noted()["chosen"]


async def test_digits_typed_into_the_note_choose_nobody(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.shared(f"{desk.agent}.p1", **ANSWERED))
    await page.locator(".note-field").focus()
    await page.keyboard.type("order 12345")
    await expect(page.locator(".note-field")).to_have_value("order 12345")
    await expect(page.locator('.candidate[data-state="open"]')).to_have_count(3)
    assert all(pop != f"{desk.agent}.p1" for pop, _, _ in desk.noted()["chosen"])


async def test_keys_do_nothing_in_a_preview_or_when_switched_off(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.shared(f"{desk.agent}.p1"))
    await expect(page.locator(".card")).to_have_attribute("data-view", "preview")
    await page.keyboard.press("1")
    await desk.change(recorded.shared(f"{desk.agent}.p1", **ANSWERED), seq=2)
    await expect(page.locator(".candidate").first).to_be_visible()
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Single-key shortcuts").uncheck()
    await page.keyboard.press("Escape")
    await page.keyboard.press("1")
    await expect(page.locator('.candidate[data-state="open"]')).to_have_count(3)
    assert all(pop != f"{desk.agent}.p1" for pop, _, _ in desk.noted()["chosen"])


async def test_whoever_only_listens_in_cannot_choose(desk: Desk) -> None:
    page = await desk.ready()
    listening = recorded.call("answered", owner=False, transferred_from="Li Wei")
    await desk.show(recorded.shared(f"{desk.agent}.p1", mode="join", call=listening))
    await expect(page.locator(".candidate").first).to_have_attribute("aria-disabled", "true")
    await page.locator(".candidate").first.click(force=True)
    await page.keyboard.press("1")
    await expect(page.locator('.candidate[data-state="open"]')).to_have_count(3)
    assert all(pop != f"{desk.agent}.p1" for pop, _, _ in desk.noted()["chosen"])


async def test_the_order_of_candidates_never_changes_under_the_agents_eyes(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.shared(f"{desk.agent}.p1", **ANSWERED))
    await page.locator(".candidate").nth(1).focus()
    await page.locator(".candidate").nth(1).evaluate("node => { window.second = node; }")
    await desk.change(recorded.shared(f"{desk.agent}.p1", **{**ANSWERED, "took_ms": 400}), seq=2)
    await desk.show(recorded.withheld(f"{desk.agent}.p2"))
    await expect(page.locator(".rail-live .call")).to_have_count(2)
    assert await page.evaluate("window.second === document.activeElement && window.second.isConnected")
