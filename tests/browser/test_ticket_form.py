"""An agent makes a ticket on a known caller's card, by keyboard, and sees it reach the simulated CRM and helpdesk."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from tests.flows.house_fixtures import sandbox
from tests.flows.sandbox import Sandbox
from tests.flows.test_tickets import Office, opened

__all__ = ["sandbox"]
pytestmark = pytest.mark.browser


async def answered(office: Office, page: Page, call_id: str) -> None:
    """Let a known customer ring and be answered, and wait until the card is open."""
    await office.house.tell("ringing", call_id, agent="1001")
    await office.house.tell("answered", call_id, agent="1001")
    await page.locator('.card[data-view="open"] .ticket').wait_for()
    await page.locator('.card [data-block="orders"], .card .blocks').first.wait_for()


async def test_a_ticket_is_made_by_keyboard_and_is_seen_to_arrive(
    database_url: str, tmp_path: Path, sandbox: Sandbox, browser: Browser
) -> None:
    complaints: list[str] = []
    async with opened(database_url, tmp_path, sandbox) as office:
        context = await browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
        page = await context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{office.house.url}/desk?agent=1001&lang=zh-CN")
        await page.locator('.link-state[data-state="live"]').wait_for()
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
        await page.locator('.chip.sync[data-sync="in_sync"]').nth(1).wait_for()
        await page.screenshot(path=str(tmp_path / "made.png"))
        assert await page.locator(".ticket-system-row").count() == 2
        number = await page.locator(".ticket-made .row-number").inner_text()
        made = (await office.house.client.get("/v1/tickets", params={"status": "new"})).json()["items"]
        ((subject, order, priority),) = [
            (one["subject"], one["order_number"], one["priority"]) for one in made if one["number"] == number
        ]
        assert (subject, order, priority) == ("滤芯异响，要求换货", "SO-20261001", "high")
        await closed_in_the_helpdesk(office, made[0]["id"])
        await page.locator('.ticket-made .status[data-status="closed"]').wait_for()
        await context.close()
    assert complaints == []


async def focused(page: Page) -> Any:  # noqa: ANN401 - whatever the page answers
    return await page.evaluate("document.activeElement.localName")


async def closed_in_the_helpdesk(office: Office, ticket_id: str) -> None:
    number, _ = office.ids(await office.in_sync(ticket_id))
    await office.helpdesk.set(number, state="9")
    await asyncio.sleep(0)
