"""The page a softphone opens: a code that works once, an address that is clean at once, a card that stays alive."""

import pytest
from playwright.async_api import expect
from tests.browser import recorded
from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser

ANSWERED = {"mode": "full", "call": recorded.call("answered", answered_at=recorded.ago(seconds=5))}


async def test_a_code_opens_the_card_and_leaves_no_trace_in_the_address(desk: Desk) -> None:
    page = await desk.open(path=f"/pop/{desk.agent}.p1?code=good-{desk.agent}")
    await expect(page.locator(".caller-name")).to_have_text("张*")
    await expect(page.locator(".card")).to_have_attribute("data-view", "open")
    assert page.url == f"{desk.server.base}/pop/{desk.agent}.p1"
    assert await page.evaluate("performance.getEntriesByType('resource').filter((one) => one.name.includes('code=')).length") == 0
    assert desk.complaints == []
    await desk.acknowledged(f"{desk.agent}.p1")


async def test_the_card_follows_what_happens(desk: Desk) -> None:
    page = await desk.open(path=f"/pop/{desk.agent}.p1?code=good-{desk.agent}")
    await page.locator('.link-state[data-state="live"]').wait_for()
    await desk.show(recorded.withheld(f"{desk.agent}.p2"))
    await desk.change(recorded.pop(f"{desk.agent}.p1", blocks=dict(recorded.troubled()), **ANSWERED), seq=7)
    await expect(page.locator('[data-block="tickets"] .freshness-text')).to_have_text("helpdesk: no answer yet")
    await expect(page.locator(".card")).to_have_count(1)
    await desk.withdraw(f"{desk.agent}.p1", "call_over")
    await expect(page.locator(".strip-text")).to_contain_text("Call over")


async def test_a_reload_goes_on_where_it_was(desk: Desk) -> None:
    page = await desk.open(path=f"/pop/{desk.agent}.p1?code=good-{desk.agent}")
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED))
    await expect(page.locator(".caller-name")).to_have_text("张*")
    await page.reload()
    await expect(page.locator(".caller-name")).to_have_text("张*")


async def test_a_used_code_meets_a_friendly_page(desk: Desk) -> None:
    first = await desk.open(path=f"/pop/{desk.agent}.p1?code=good-{desk.agent}")
    await expect(first.locator(".card")).to_be_visible()
    second = await desk.open(path=f"/pop/{desk.agent}.p1?code=good-{desk.agent}")
    await expect(second.locator("h1")).to_have_text("This link has been used")
    await expect(second.locator(".card")).to_have_count(0)
    assert second.url.endswith(f"/pop/{desk.agent}.p1")


async def test_an_address_without_a_code_shows_nothing_of_anyone(desk: Desk) -> None:
    page = await desk.open(path=f"/pop/{desk.agent}.p1")
    await expect(page.locator("h1")).to_have_text("This link has been used")


async def test_reading_the_page_does_not_use_the_code_up(desk: Desk) -> None:
    """A mail scanner or a prefetch reads the address before the agent does."""
    context = await desk.context(java_script_enabled=False)
    scanner = await context.new_page()
    await scanner.goto(f"{desk.server.base}/pop/{desk.agent}.p1?code=good-{desk.agent}")
    page = await desk.open(path=f"/pop/{desk.agent}.p1?code=good-{desk.agent}")
    await expect(page.locator(".caller-name")).to_have_text("张*")


async def test_a_server_that_is_away_may_be_asked_again(desk: Desk) -> None:
    context = await desk.context()
    await context.route("**/v1/pops/*/open", lambda route: route.abort())
    page = await desk.open(context, path=f"/pop/{desk.agent}.p1?code=good-{desk.agent}")
    await expect(page.locator("h1")).to_have_text("The card could not be opened")
    await context.unroute("**/v1/pops/*/open")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".caller-name")).to_have_text("张*")


async def test_a_choice_made_here_reaches_the_card(desk: Desk) -> None:
    page = await desk.open(path=f"/pop/{desk.agent}.p1?code=good-{desk.agent}")
    await page.locator('.link-state[data-state="live"]').wait_for()
    await desk.change(recorded.shared(f"{desk.agent}.p1", **ANSWERED), seq=7)
    await page.locator(".candidate").first.click()
    await expect(page.locator(".caller-name")).to_have_text("李**")
