"""One agent, several tabs: one pops, the others say so, and the next one is ready when it goes."""

import asyncio
import time
from collections.abc import Sequence

import pytest
from playwright.async_api import Page, expect
from tests.browser import recorded
from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser

ANSWERED = {"mode": "full", "call": recorded.call("answered", answered_at=recorded.ago(seconds=5))}
NEXT_LEADER_WITHIN_S = 2.0


async def leaders(pages: Sequence[Page]) -> list[Page]:
    return [page for page in pages if not await page.locator(".elsewhere").is_visible()]


async def five_tabs(desk: Desk) -> list[Page]:
    context = await desk.context()
    first = await desk.ready(context)
    others = [await desk.open(context) for _ in range(4)]
    for page in others:
        await page.locator(".elsewhere").wait_for()
    return [first, *others]


async def test_five_tabs_show_one_pop(desk: Desk) -> None:
    pages = await five_tabs(desk)
    await desk.show(recorded.pop(f"{desk.agent}.p1"))
    await expect(pages[0].locator(".card")).to_be_visible()
    await desk.acknowledged(f"{desk.agent}.p1")
    assert [await page.locator(".card").count() for page in pages] == [1, 0, 0, 0, 0]
    assert desk.noted()["acknowledged"].count([desk.agent, f"{desk.agent}.p1"]) == 1
    await expect(pages[3].locator(".elsewhere")).to_contain_text("active in another tab")


async def test_when_the_leading_tab_dies_another_leads_within_two_seconds(desk: Desk) -> None:
    """Beyond what it takes this machine, busy as it is, to show a card at all."""
    pages = await five_tabs(desk)
    shown_at = time.monotonic()
    await desk.show(recorded.pop(f"{desk.agent}.p1"))
    await expect(pages[0].locator(".card")).to_be_visible()
    died_at = time.monotonic()
    within_s = NEXT_LEADER_WITHIN_S + 4 * (died_at - shown_at)
    await pages[0].close()
    rest = pages[1:]
    while not (found := [page for page in rest if await page.locator(".card").count()]):
        assert time.monotonic() - died_at < within_s
        await asyncio.sleep(0.02)
    assert time.monotonic() - died_at < within_s
    await expect(found[0].locator(".caller-name")).to_have_text("张*")
    assert [page for page in rest if await page.locator(".card").count()] == found


async def test_use_here_moves_the_desk_and_what_was_noted(desk: Desk) -> None:
    context = await desk.context()
    first = await desk.ready(context)
    second = await desk.open(context)
    await second.locator(".elsewhere").wait_for()
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED))
    await first.locator(".note-field").fill("call back at four")
    await second.get_by_role("button", name="Use here").click()
    await expect(second.locator(".note-field")).to_have_value("call back at four")
    await expect(first.locator(".elsewhere")).to_be_visible()
    await expect(first.locator(".card")).to_have_count(0)
    await first.get_by_role("button", name="Use here").click()
    await expect(first.locator(".card")).to_be_visible()
    await expect(second.locator(".elsewhere")).to_be_visible()
    await second.close()
    await expect(first.locator(".card")).to_be_visible()


async def test_two_agents_in_one_browser_each_have_their_desk(desk: Desk) -> None:
    context = await desk.context()
    first = await desk.ready(context)
    second = await desk.ready(context, path="/desk?agent=1002")
    assert await leaders([first, second]) == [first, second]


async def test_without_web_locks_the_tab_last_looked_at_leads(desk: Desk) -> None:
    context = await desk.context()
    await context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined })")
    first = await desk.ready(context)
    second = await desk.open(context)
    await second.locator('.link-state[data-state="live"]').wait_for()
    await first.locator(".elsewhere").wait_for()
    await first.get_by_role("button", name="Use here").click()
    await expect(second.locator(".elsewhere")).to_be_visible()
    await first.close()
    await second.bring_to_front()
    await expect(second.locator(".elsewhere")).to_be_hidden()
