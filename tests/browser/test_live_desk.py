"""Pops on the desk: they come, fill in, change hands and go, and never get in the agent's way."""

import asyncio

import pytest
from playwright.async_api import expect
from tests.browser import recorded
from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser

ANSWERED = {"mode": "full", "call": recorded.call("answered", answered_at=recorded.ago(seconds=5))}


async def test_a_ring_brings_a_small_card_and_is_acknowledged(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1"))
    card = page.locator(".card")
    await expect(card).to_have_attribute("data-view", "preview")
    await expect(card.locator(".caller-name")).to_have_text("张*")
    await expect(card.locator(".number")).to_have_text("138 0013 8000")
    await expect(card.locator(".match-share")).to_have_text("95%")
    await expect(card.locator(".card-body")).to_be_hidden()
    await desk.acknowledged(f"{desk.agent}.p1")
    await expect(page.locator("#announcements")).to_contain_text("张*")


async def test_the_answer_opens_the_same_card(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pending(f"{desk.agent}.p1"))
    card = await page.locator(".card").element_handle()
    await desk.change(recorded.pending(f"{desk.agent}.p1", **ANSWERED), seq=2)
    await expect(page.locator(".card")).to_have_attribute("data-view", "open")
    assert card is not None
    assert await card.evaluate("node => node.isConnected && node === document.querySelector('.card')")
    await expect(page.locator('[data-block="orders"]')).to_have_attribute("data-state", "pending")
    await expect(page.locator('[data-block="orders"] .skeleton')).to_be_visible()


async def test_blocks_fill_in_without_touching_a_half_typed_note(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pending(f"{desk.agent}.p1", **ANSWERED))
    note = page.locator(".note-field")
    await note.focus()
    await page.keyboard.type("asks for the filter")
    await note.evaluate("field => { field.setSelectionRange(4, 7); window.noteBefore = field; }")
    scrolled = await page.evaluate("() => { window.scrollTo(0, 150); return window.scrollY; }")
    assert scrolled > 0
    await desk.change(recorded.pop(f"{desk.agent}.p1", **ANSWERED), seq=2)
    await expect(page.locator('[data-block="orders"] .row-number').first).to_contain_text("SO-20261107-0031")
    assert await note.evaluate("field => field === window.noteBefore && field === document.activeElement")
    assert await note.evaluate("field => [field.value, field.selectionStart, field.selectionEnd]") == [
        "asks for the filter",
        4,
        7,
    ]
    assert await page.evaluate("window.scrollY") == scrolled
    await expect(page.locator('[data-block="orders"]')).to_have_attribute("data-late", "")


async def test_every_block_says_how_fresh_it_is(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1", blocks=dict(recorded.troubled()), **ANSWERED))
    states = {name: page.locator(f'[data-block="{name}"] .freshness-text') for name in ("orders", "tickets", "account")}
    await expect(states["orders"]).to_contain_text("erp not reachable")
    await expect(states["orders"]).to_contain_text("as of")
    await expect(states["tickets"]).to_have_text("helpdesk: no answer yet")
    await expect(page.locator('[data-block="tickets"]')).to_contain_text("Tickets cannot be shown at the moment.")
    await expect(states["account"]).to_contain_text("as of")


async def test_a_locked_action_stays_and_says_why(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED))
    refund = page.locator(".permission", has_text="Refund")
    await expect(refund).to_have_attribute("data-locked", "")
    await expect(refund.locator(".action-because")).to_have_text("order data is stale")
    await expect(page.get_by_role("button", name="Create ticket")).to_be_enabled()


async def test_an_unknown_caller_is_left_for_review_with_one_click(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.unknown(f"{desk.agent}.p1", **ANSWERED))
    await page.get_by_role("button", name="Wrong number").click()
    await expect(page.locator(".action-outcome")).to_have_text("Noted as a wrong number for the reviewer.")
    assert [f"{desk.agent}.p1", "wrong_number"] in desk.noted()["reviewed"]


async def test_a_block_that_failed_can_be_asked_for_again(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1", blocks=dict(recorded.troubled()), **ANSWERED))
    await page.locator('[data-block="tickets"]').get_by_role("button", name="Ask again").click()
    await expect(page.locator('[data-block="tickets"]')).to_have_attribute("data-state", "live")
    await expect(page.locator('[data-block="tickets"] .row-number')).to_have_text("#8841")


async def test_a_profile_that_could_not_be_read_says_so_beside_the_verdict(desk: Desk) -> None:
    page = await desk.ready()
    blocks = {
        "profile": {"state": "unavailable", "source": "crm", "error": "upstream_timeout", "items": []},
        "profile@erp": recorded.block("erp", []),
    }
    await desk.show(recorded.unknown(f"{desk.agent}.p1", blocks=blocks, **ANSWERED))
    await expect(page.locator(".match-sources .freshness")).to_have_text(["crm: no answer yet"])
    await expect(page.locator("[data-block]")).to_have_count(0)


async def test_a_preview_that_is_withdrawn_leaves_quietly(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1"))
    await expect(page.locator(".card")).to_be_visible()
    await desk.withdraw(f"{desk.agent}.p1", "answered_elsewhere")
    await expect(page.locator(".card")).to_have_count(0)
    await expect(page.locator(".idle").last).to_be_visible()
    await expect(page.locator(".calls-recent .call")).to_contain_text("A colleague answered")


async def test_an_open_card_stays_after_the_call_until_it_is_put_away(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED))
    await page.locator(".note-field").fill("half a thought")
    await desk.withdraw(f"{desk.agent}.p1", "call_over")
    await expect(page.locator(".strip")).to_contain_text("Call over")
    await expect(page.locator(".note-field")).to_have_value("half a thought")
    await page.get_by_role("button", name="Put away").click()
    await expect(page.locator(".card")).to_have_count(0)
    await page.locator(".calls-recent .call").click()
    await expect(page.locator(".note-field")).to_have_value("half a thought")


async def test_a_call_that_ended_leaves_its_card_for_wrap_up(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.shared(f"{desk.agent}.p1", **ANSWERED))
    await expect(page.locator(".candidate")).to_have_count(3)
    await desk.change(recorded.shared(f"{desk.agent}.p1", mode="full", call=recorded.call("ended")), seq=2)
    await expect(page.locator(".strip-text")).to_contain_text("Call over")
    await expect(page.locator(".candidate").first).not_to_have_attribute("aria-disabled", "true")
    await desk.show(recorded.withheld(f"{desk.agent}.p2"))
    await expect(page.locator(".card")).to_have_count(1)
    await expect(page.locator(".caller-name")).to_have_text("Number withheld")
    await expect(page.locator(".calls-recent .call")).to_contain_text("Call over")
    again = await desk.ready(path=f"/desk?agent={desk.agent}")
    await expect(again.locator(".rail-live .call")).to_have_count(1)
    await expect(again.locator(".calls-recent .call")).to_contain_text("Call over")


async def test_of_several_or_nobody_no_empty_list_is_claimed(desk: Desk) -> None:
    page = await desk.ready()
    blocks = {"orders": recorded.block("erp", []), "tickets": recorded.troubled()["tickets"]}
    await desk.show(recorded.shared(f"{desk.agent}.p1", blocks=blocks, **ANSWERED))
    await expect(page.locator(".candidate").first).to_be_visible()
    await expect(page.locator("[data-block]")).to_have_count(0)
    await desk.show(recorded.unknown(f"{desk.agent}.p2", blocks=blocks))
    await page.locator(".rail-live .call").nth(1).click()
    await page.keyboard.press("o")
    await expect(page.locator(".card:visible [data-block]")).to_have_count(1)
    await expect(page.locator('.card:visible [data-block="tickets"]')).to_contain_text("Tickets cannot be shown")


async def test_a_consulted_agent_looks_on_and_then_owns_the_call_on_the_same_card(desk: Desk) -> None:
    page = await desk.ready()
    consulted = recorded.call("answered", owner=False, transferred_from="Li Wei", answered_at=recorded.ago(seconds=4))
    await desk.show(recorded.pop(f"{desk.agent}.p1", mode="join", call=consulted))
    await expect(page.locator(".strip-text")).to_have_text("View only – Li Wei owns this call")
    await expect(page.locator(".actions")).to_be_hidden()
    await desk.change(recorded.pop(f"{desk.agent}.p1", mode="full", call={**consulted, "owner": True}), seq=2)
    await expect(page.locator(".strip-text")).to_have_text("You own it now – handed over by Li Wei")
    await expect(page.locator(".actions")).to_be_visible()
    await expect(page.locator(".card")).to_have_count(1)


async def test_a_second_call_waits_in_the_list_while_the_agent_types(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED))
    await page.locator(".note-field").fill("first call")
    await desk.show(recorded.withheld(f"{desk.agent}.p2"))
    await desk.change(recorded.withheld(f"{desk.agent}.p2", **ANSWERED), seq=2)
    second = page.locator(".rail-live .call").nth(1)
    await expect(second).to_contain_text("On call")
    await expect(second).to_contain_text("New")
    await expect(page.locator(".card:visible .caller-name")).to_have_text("张*")
    assert await page.evaluate("document.activeElement.className") == "note-field"
    await second.click()
    await expect(page.locator(".card:visible .caller-name")).to_have_text("Number withheld")
    await page.locator(".rail-live .call").first.click()
    await expect(page.locator(".card:visible .note-field")).to_have_value("first call")


async def test_what_arrives_out_of_order_never_goes_back(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED), seq=5)
    await desk.change(recorded.unknown(f"{desk.agent}.p1"), seq=4)
    await desk.show(recorded.withheld(f"{desk.agent}.p2"), seq=1)
    await expect(page.locator(".rail-live .call")).to_have_count(2)
    await expect(page.locator(".card:visible .caller-name")).to_have_text("张*")


@pytest.mark.parametrize(
    ("situation", "headline"),
    [(recorded.unknown, "Unknown caller"), (recorded.withheld, "Number withheld"), (recorded.internal, "Internal call")],
)
async def test_nobodys_card_opens_no_profile(desk: Desk, situation: recorded.Situation, headline: str) -> None:
    page = await desk.ready()
    await desk.show(situation(f"{desk.agent}.p1", **ANSWERED))
    await expect(page.locator(".caller-name")).to_have_text(headline)
    await expect(page.locator(".profile")).to_be_hidden()
    await expect(page.locator(".candidates")).to_be_hidden()


async def test_a_number_is_hidden_again_half_an_hour_after_the_call(desk: Desk) -> None:
    context = await desk.context()
    page = await desk.ready(context)
    await page.clock.install()
    await desk.show(recorded.unknown(f"{desk.agent}.p1", **ANSWERED))
    await expect(page.locator(".number")).to_have_text("139 0000 0000")
    await desk.withdraw(f"{desk.agent}.p1", "call_over")
    await expect(page.locator(".strip")).to_be_visible()
    await page.clock.fast_forward("31:00")
    await desk.show(recorded.withheld(f"{desk.agent}.p2"))
    await expect(page.locator(".calls-recent .call")).not_to_contain_text("139 0000 0000")


async def test_when_a_card_opens_is_the_agents_choice(desk: Desk) -> None:
    page = await desk.ready()
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("when it rings").check()
    await desk.show(recorded.pop(f"{desk.agent}.p1"))
    await expect(page.locator(".card")).to_have_attribute("data-view", "open")
    await page.get_by_label("only when I say so").check()
    await expect(page.locator(".card")).to_have_attribute("data-view", "preview")
    await desk.change(recorded.pop(f"{desk.agent}.p1", **ANSWERED), seq=2)
    await expect(page.locator(".phase-pill")).to_contain_text("On call")
    await expect(page.locator(".card")).to_have_attribute("data-view", "preview")


async def test_why_this_shows_the_trace(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED))
    await page.get_by_role("button", name="Why this?").click()
    await expect(page.locator(".why")).to_contain_text("exact number, one person")
    await expect(page.locator(".why")).to_contain_text("number confirmed")
    await expect(page.locator(".why")).to_contain_text("erp: no answer yet")
    await expect(page.locator(".why")).to_contain_text("agent:1001")


async def test_a_desk_opened_during_a_call_shows_it(desk: Desk) -> None:
    await desk.show(recorded.pop(f"{desk.agent}.p1"))
    await desk.change(recorded.pop(f"{desk.agent}.p1", **ANSWERED), seq=2)
    await desk.show(recorded.unknown(f"{desk.agent}.p0"))
    await desk.withdraw(f"{desk.agent}.p0", "missed")
    page = await desk.ready()
    await expect(page.locator(".card")).to_have_attribute("data-view", "open")
    await expect(page.locator(".calls-recent .call")).to_contain_text("Not answered")
    await asyncio.sleep(0)
    assert desk.complaints == []
