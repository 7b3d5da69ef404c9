"""Nobody is known by the number: a senior agent looks the caller up in the CRM and keeps the number with them."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page
from tests.browser import recorded
from tests.browser.conftest import Desk
from tests.browser.test_ticket_form import desk_of
from tests.flows.door import KNOWN
from tests.flows.house_fixtures import sandbox
from tests.flows.sandbox import Sandbox
from tests.flows.test_tickets import opened

__all__ = ["sandbox"]
pytestmark = pytest.mark.browser
NOBODYS = "+8613911110042"
LOCKED = {"id": "search_link", "enabled": False, "because": "your role may not do this"}


async def look_up(part: Locator, words: str) -> None:
    await part.locator("input").fill(words)
    await part.locator('button[type="submit"]').click()


async def test_a_senior_agent_finds_the_caller_and_the_number_is_theirs(
    database_url: str, tmp_path: Path, sandbox: Sandbox, browser: Browser
) -> None:
    async with opened(database_url, tmp_path, sandbox) as office, desk_of(office, browser, agent="2001") as desk:
        for kind in ("ringing", "answered"):
            await office.house.tell(kind, "c-link", agent="2001", **{"from": NOBODYS})
        part = desk.page.locator(".linking")
        await look_up(part, "+8613911110043")
        await part.locator('[role="status"]').filter(has_text="没有找到客户。").wait_for()
        await look_up(part, KNOWN)
        person = part.locator(".candidate").first
        await person.wait_for()
        await desk.page.screenshot(path=str(tmp_path / "found.png"), full_page=True)
        assert KNOWN.removeprefix("+86") not in await part.inner_text(), "found, and masked like everything else"
        await person.click()
        await desk.page.locator('.card[data-view="open"][data-match="known"]').wait_for()
        assert not await part.is_visible(), "who it is, is settled"
        assert "多人共用" not in await desk.page.locator(".card").inner_text(), "the number is theirs alone"
        await desk.page.screenshot(path=str(tmp_path / "linked.png"), full_page=True)
        assert desk.complaints == []
        decided = (await office.house.client.get("/v1/reviews", params={"state": "linked"})).json()["items"]
        assert [one["call_ids"] for one in decided] == [["c-link"]]


async def shown(desk: Desk, page: Page, **changes: object) -> None:
    call = recorded.call("answered", answered_at=recorded.ago(seconds=3))
    await desk.show(recorded.pop(f"{desk.agent}.p1", mode="full", call=call, **changes))
    await page.locator(".actions").wait_for()


async def test_whoever_may_not_is_told_why(desk: Desk) -> None:
    page = await desk.open(path=f"/desk?agent={desk.agent}&lang=zh-CN")
    await shown(desk, page, actions=[LOCKED])
    assert await page.locator(".permission").inner_text() == "查找并关联\n您的角色无此权限"
    assert not await page.locator(".linking").is_visible()
