"""The reports' page on the whole application with four weeks of calls: what is drawn is what the rows behind it add up to."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, Page, expect
from tests.api.conftest import pbx_token
from tests.api.front_door import open_door
from tests.browser.conftest import START_TIMEOUT_S
from tests.ports import free_port

from tieline.cli.demo_past import past
from tieline.cli.demo_rows import rows_of
from tieline.services.backfill import give_a_past

__all__ = ["pbx_token"]
pytestmark = pytest.mark.browser
PANELS = 10
COUNTED_WITHIN_MS = 60_000


@pytest.fixture
async def base(chromium: str, database_url: str, pbx_token: None, tmp_path: Path) -> AsyncIterator[str]:
    """The application, served from this process, with the demo's past in it."""
    del chromium, pbx_token
    async with open_door(database_url, tmp_path, auth="off") as door:
        desk, now = door.house.tickets, door.house.clock()
        await give_a_past(desk, rows_of(past(now, desk.policy.zone), now=now))
        server = uvicorn.Server(uvicorn.Config(door.app, host="127.0.0.1", port=free_port(), log_level="warning"))
        serving = asyncio.create_task(server.serve())
        for _ in range(START_TIMEOUT_S * 100):
            if not server.started:
                await asyncio.sleep(0.01)
        assert server.started
        yield f"http://127.0.0.1:{server.config.port}"
        server.should_exit = True
        await serving


@pytest.fixture
async def page(base: str, browser: Browser) -> AsyncIterator[Page]:
    opened = await browser.new_page(locale="en-US", viewport={"width": 1360, "height": 900}, timezone_id="Asia/Shanghai")
    opened.set_default_timeout(COUNTED_WITHIN_MS)
    await opened.goto(f"{base}/reports")
    await opened.get_by_role("button", name="30 days").click()
    await expect(opened.locator('.report-panel[data-state="shown"]:not([aria-busy])')).to_have_count(
        PANELS, timeout=COUNTED_WITHIN_MS
    )
    yield opened
    await opened.close()


async def rows_in_dialog(page: Page) -> int:
    """Turn every page of the dialog and return how many rows there are; close it."""
    rows, more = page.locator("dialog tbody tr"), page.get_by_role("button", name="Show more")
    await expect(page.locator("dialog .table-frame")).to_be_visible()
    while await more.is_visible():
        known = await rows.count()
        await more.click()
        await expect(rows.nth(known)).to_be_visible()
    found = await rows.count()
    await page.keyboard.press("Escape")
    return found


def number_in(text: str | None) -> int:
    """The number at the end, whatever the change behind it."""
    found = re.search(r"([\d,]+)(?: \([^()]*\))?$", (text or "").strip())
    assert found
    return int(found.group(1).replace(",", ""))


async def test_what_is_drawn_is_what_the_rows_add_up_to(page: Page) -> None:
    heat = page.locator('[data-panel="heat"]')
    await heat.locator(".cell").nth(24 + 9).hover()
    hour = number_in(await heat.locator(".reading").text_content())
    await heat.locator(".cell").nth(24 + 9).click()
    assert await rows_in_dialog(page) == hour > 0

    causes = page.locator('[data-panel="causes"]')
    await causes.locator(".canvas").focus()
    await page.keyboard.press("ArrowDown")
    worst = number_in(await causes.locator(".reading").text_content())
    await page.keyboard.press("Enter")
    assert await rows_in_dialog(page) == worst > 0

    agents = page.locator('[data-panel="agents"] tbody tr').first
    complaints = agents.locator("td").last
    told = number_in(await complaints.text_content())
    await complaints.get_by_role("button").click()
    assert await rows_in_dialog(page) == told > 0
