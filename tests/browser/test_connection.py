"""The live channel breaks, and nothing is lost: a killed server, a sleeping network, an expired session."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect
from tests.browser import recorded
from tests.browser.conftest import AGENTS, Desk, Server, desk_on

pytestmark = pytest.mark.browser

ANSWERED = {"mode": "full", "call": recorded.call("answered", answered_at=recorded.ago(seconds=5))}


@pytest.fixture
async def own_desk(desk_database_url: str, browser: Browser) -> AsyncIterator[Desk]:
    """A desk on a server that may be killed."""
    server = Server(desk_database_url)
    server.start()
    async with desk_on(server, browser, str(next(AGENTS))) as desk:
        yield desk
    server.kill()


async def test_a_killed_server_comes_back_and_the_desk_resumes(own_desk: Desk) -> None:
    page = await own_desk.ready()
    await own_desk.show(recorded.pending(f"{own_desk.agent}.p1", **ANSWERED))
    note = page.locator(".note-field")
    await note.fill("still typing")
    await note.evaluate("field => { window.noteBefore = field; }")
    own_desk.server.kill()
    await expect(page.locator(".link-words")).to_have_text("Reconnecting…")
    await own_desk.change(recorded.pop(f"{own_desk.agent}.p1", **ANSWERED), seq=2)
    await own_desk.show(recorded.withheld(f"{own_desk.agent}.p2"))
    own_desk.server.start()
    await expect(page.locator(".link-words")).to_have_text("Connected", timeout=15_000)
    await expect(page.locator(".rail-live .call")).to_have_count(2)
    await expect(page.locator('.card:visible [data-block="orders"] .row-number').first).to_contain_text("SO-20261107-0031")
    assert await note.first.evaluate("field => field === window.noteBefore && field.value === 'still typing'")
    assert await page.locator(".card").count() == 2


async def test_calls_that_ended_while_we_were_away_are_over_when_we_return(own_desk: Desk) -> None:
    page = await own_desk.ready()
    await own_desk.show(recorded.pop(f"{own_desk.agent}.p3"))
    await expect(page.locator(".card")).to_be_visible()
    await page.context.set_offline(True)
    own_desk.server.kill()
    await expect(page.locator(".link-words")).to_have_text("Reconnecting…")
    await own_desk.withdraw(f"{own_desk.agent}.p3", "missed")
    own_desk.server.start()
    await page.context.set_offline(False)
    await expect(page.locator(".card")).to_have_count(0, timeout=15_000)
    await expect(page.locator(".calls-recent")).to_contain_text("Not answered")


async def test_a_tab_that_slept_shows_the_present_when_it_wakes(own_desk: Desk) -> None:
    page = await own_desk.ready()
    await own_desk.show(recorded.pop(f"{own_desk.agent}.p1"))
    await expect(page.locator(".card")).to_be_visible()
    life = await page.context.new_cdp_session(page)
    await life.send("Page.setWebLifecycleState", {"state": "frozen"})
    await own_desk.withdraw(f"{own_desk.agent}.p1", "missed")
    await own_desk.show(recorded.unknown(f"{own_desk.agent}.p2"))
    await own_desk.withdraw(f"{own_desk.agent}.p2", "caller_hung_up")
    await own_desk.show(recorded.withheld(f"{own_desk.agent}.p3"))
    await life.send("Page.setWebLifecycleState", {"state": "active"})
    await expect(page.locator(".rail-live .call")).to_have_count(1)
    await expect(page.locator(".card:visible .caller-name")).to_have_text("Number withheld")
    await expect(page.locator(".calls-recent .call")).to_have_count(2)


async def test_a_connection_that_died_without_a_word_is_noticed(own_desk: Desk) -> None:
    context = await own_desk.context()
    page = await context.new_page()
    await page.clock.install()
    followed: list[str] = []
    page.on("request", lambda request: followed.append(request.url) if request.url.endswith("/pops") else None)
    await page.goto(f"{own_desk.server.base}/desk?agent={own_desk.agent}")
    await page.locator('.link-state[data-state="live"]').wait_for()
    before = len(followed)
    await page.clock.pause_at(
        await page.evaluate("Date.now()") / 1000 + 36
    )  # from here on nothing is tried before it is looked at
    await expect(page.locator(".link-words")).to_have_text("Reconnecting…")
    await page.clock.fast_forward("00:02")
    await expect(page.locator(".link-words")).to_have_text("Connected")
    assert len(followed) > before
