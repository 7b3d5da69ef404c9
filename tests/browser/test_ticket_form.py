"""An agent makes a ticket on a known caller's card, by keyboard, and sees it reach the simulated CRM and helpdesk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, Request
from tests.flows.house_fixtures import sandbox
from tests.flows.sandbox import Sandbox
from tests.flows.test_tickets import Office, opened

__all__ = ["sandbox"]
pytestmark = pytest.mark.browser


async def answered(office: Office, page: Page, call_id: str) -> None:
    """Let a known customer ring and be answered, and wait until the card is open, knows who calls, and takes tickets."""
    await office.house.tell("ringing", call_id, agent="1001")
    await office.house.tell("answered", call_id, agent="1001")
    card = page.locator('.card[data-view="open"][data-match="known"]')
    await card.locator(".ticket .block-head button:not([aria-disabled])").wait_for()
    await card.locator('[data-block="orders"] li.row').first.wait_for()


class Watched:
    """A page, with what it complained of and what it asked of the interface about tickets."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._note)

    def _note(self, sent: Request) -> None:
        path = urlsplit(sent.url).path
        if sent.method == "GET" and path.startswith("/v1/") and "tickets" in path:
            self.asked.append(path)


@asynccontextmanager
async def desk_of(office: Office, browser: Browser, *, agent: str = "1001") -> AsyncIterator[Watched]:
    """The desk of an agent in Chinese, connected."""
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
    watched = Watched(await context.new_page())
    await watched.page.goto(f"{office.house.url}/desk?agent={agent}&lang=zh-CN")
    await watched.page.locator('.link-state[data-state="live"]').wait_for()
    yield watched
    await context.close()


async def test_a_ticket_is_made_by_keyboard_and_is_seen_to_arrive(
    database_url: str, tmp_path: Path, sandbox: Sandbox, browser: Browser
) -> None:
    async with opened(database_url, tmp_path, sandbox) as office, desk_of(office, browser) as desk:
        page = desk.page
        await answered(office, page, "c-form")
        await page.keyboard.press("t")
        form = page.locator(".ticket-form")
        await form.wait_for()
        assert await focused(page) == "input"
        await page.keyboard.type("滤芯异响，要求换货")
        await form.locator("select").nth(0).select_option("产品质量")
        await form.locator("select").nth(1).select_option("high")
        await form.locator("select").nth(2).select_option("SO-20261001")
        await page.screenshot(path=str(tmp_path / "form.png"))
        await form.locator('input[type="text"]').press("Enter")
        await page.locator('.ticket-made .chip.sync[data-sync="in_sync"]').nth(1).wait_for()
        await page.screenshot(path=str(tmp_path / "made.png"))
        assert await page.locator(".ticket-made .ticket-system-row").count() == 2
        number = await page.locator(".ticket-made .row-number").inner_text()
        made = (await office.house.client.get("/v1/tickets", params={"status": "new"})).json()["items"]
        ((subject, order, priority),) = [
            (one["subject"], one["order_number"], one["priority"]) for one in made if one["number"] == number
        ]
        assert (subject, order, priority) == ("滤芯异响，要求换货", "SO-20261001", "high")
        asked = len(desk.asked)
        await closed_in_the_helpdesk(office, made[0]["id"])
        await page.locator('.ticket-made .status[data-status="closed"]').wait_for()
        assert await page.locator(".ticket-made .ticket-elsewhere").inner_text() == "已关闭，由 helpdesk 完成"
        assert desk.asked[asked:], "the channel made the page read"
        assert {path.split("/")[2] for path in desk.asked} == {"pops"}, "no ticket is asked after over and over"
        assert desk.complaints == []


async def test_a_conflict_is_named_on_the_card_that_is_open(
    database_url: str, tmp_path: Path, sandbox: Sandbox, browser: Browser
) -> None:
    """The CRM tells nobody of its change, so that ours meets it there."""
    async with opened(database_url, tmp_path, sandbox, told=False) as office, desk_of(office, browser) as desk:
        await answered(office, desk.page, "c-conflict")
        born = await office.open(subject="原来的说法", call_id="c-conflict", source="call")
        await desk.page.locator('.ticket-made .chip.sync[data-sync="in_sync"]').nth(1).wait_for()
        _, case_id = office.ids(await office.ticket(born["id"]))
        await office.crm.set(case_id, title="客户的说法")
        await office.change(born["id"], subject="坐席的说法")
        named = desk.page.locator(".ticket-made .ticket-conflict")
        await named.wait_for()
        await desk.page.screenshot(path=str(tmp_path / "conflict.png"))
        assert await named.inner_text() == "主题与 crm 不一致：本方“坐席的说法”，对方“客户的说法”，待人工裁定"
        (conflict,) = (await office.ticket(born["id"]))["conflicts"]
        await office.house.client.post(f"/v1/reviews/{conflict['review_id']}/decide", json={"pick": "ours"})
        await named.wait_for(state="detached")
        assert desk.complaints == []


async def focused(page: Page) -> Any:  # noqa: ANN401 - whatever the page answers
    return await page.evaluate("document.activeElement.localName")


async def closed_in_the_helpdesk(office: Office, ticket_id: str) -> None:
    number, _ = office.ids(await office.in_sync(ticket_id))
    await office.helpdesk.set(number, state="9")
    await asyncio.sleep(0)
