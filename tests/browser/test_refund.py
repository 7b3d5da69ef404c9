"""An agent asks for a refund on the card: a reason, a confirmation, and what comes of it, without a reload."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page
from tests.browser import recorded
from tests.browser.conftest import Desk
from tests.browser.test_ticket_form import answered, desk_of
from tests.flows.house_fixtures import sandbox
from tests.flows.sandbox import Sandbox
from tests.flows.test_refunds import OPEN_ORDER, let_go
from tests.flows.test_tickets import opened

__all__ = ["sandbox"]
pytestmark = pytest.mark.browser
SHIPPED = "SO-20261001"
"""Open to us, too late for the ERP."""


def order(page: Page, number: str) -> Locator:
    return page.locator('[data-block="orders"] li.row').filter(has_text=number)


async def ask(row: Locator, reason: str) -> None:
    """Go as far as the confirmation."""
    await row.locator(".refund-start:not([aria-disabled])").click()
    await row.locator("textarea").fill(reason)
    await row.locator('button[type="submit"]').click()


async def test_the_order_is_frozen_or_the_page_says_why_not(
    database_url: str, tmp_path: Path, sandbox: Sandbox, browser: Browser
) -> None:
    async with opened(database_url, tmp_path, sandbox) as office, desk_of(office, browser) as desk:
        await office.house.pop()  # What it finds is kept, and the card begins with that.
        await answered(office, desk.page, "c-refund")
        row = order(desk.page, OPEN_ORDER)
        await row.locator(".refund-offer .action-because").filter(has_text="订单数据为缓存").wait_for()
        await desk.page.locator('[data-block="orders"] .block-foot button:visible').click()
        await ask(row, "客户要求退款")
        assert await row.locator(".refund-asked").inner_text() == f"将冻结订单 {OPEN_ORDER} 并登记退款工单，确认提交？"
        assert (await office.house.client.get("/v1/tickets")).json()["items"] == [], "nothing before it is confirmed"
        await row.locator('button[type="submit"]').click()
        done = row.locator('.refund-outcome[data-refund="confirmed"]')
        await done.wait_for()
        await desk.page.screenshot(path=str(tmp_path / "refund.png"))
        (ticket,) = (await office.house.client.get("/v1/tickets")).json()["items"]
        assert await done.inner_text() == f"订单已冻结，工单 {ticket['number']} 已登记。"
        assert not await row.locator(".refund-start").is_visible(), "once is enough"
        late = order(desk.page, SHIPPED)
        await ask(late, "客户要求退货")
        await late.locator('button[type="submit"]').click()
        refused = late.locator('.refund-outcome[data-refund="failed"]')
        await refused.wait_for()
        assert (await refused.inner_text()).startswith("订单未能冻结：")
        assert desk.complaints == []
        await let_go(office)


async def show(desk: Desk, page: Page, *actions: recorded.Json) -> Locator:
    """Show a call with these actions; return the row of its open order."""
    call = recorded.call("answered", answered_at=recorded.ago(seconds=3))
    await desk.show(recorded.pop(f"{desk.agent}.p1", mode="full", call=call, actions=actions))
    row = page.locator('[data-block="orders"] li.row').first
    await row.wait_for()
    return row


@pytest.mark.parametrize(
    ("because", "words"),
    [
        ("your role may not do this", "您的角色无此权限"),
        ("the caller is not identified well enough", "来电人身份尚未充分确认"),
        ("order data is stale", "订单数据已过期"),
    ],
)
async def test_a_locked_refund_says_why_and_opens_nothing(desk: Desk, because: str, words: str) -> None:
    page = await desk.open(path=f"/desk?agent={desk.agent}&lang=zh-CN")
    row = await show(desk, page, {"id": "refund", "enabled": False, "because": because})
    assert await row.locator(".refund-start").get_attribute("aria-disabled") == "true"
    assert await row.locator(".refund-offer .action-because").inner_text() == words
    await row.locator(".refund-start").dispatch_event("click")
    assert not await row.locator(".refund-form").is_visible()
    assert desk.complaints == []


async def test_an_order_that_is_over_or_a_card_without_the_action_offers_none(desk: Desk) -> None:
    page = await desk.ready()
    await show(desk, page, {"id": "refund", "enabled": True})
    offered = page.locator('[data-block="orders"] .refund-start')
    shown = [await offered.nth(place).is_visible() for place in range(await offered.count())]
    assert shown == [True, False], "shipped, completed"
    await desk.change(recorded.pop(f"{desk.agent}.p1", mode="full", call=recorded.call("answered"), actions=[]), seq=2)
    await offered.first.wait_for(state="hidden")
