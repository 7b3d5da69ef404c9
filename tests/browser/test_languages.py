"""The desk speaks Chinese and English: as the browser asks, as the agent is set up, as somebody chose."""

import pytest
from playwright.async_api import expect
from tests.browser import recorded
from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser

ANSWERED = {"mode": "full", "call": recorded.call("answered", answered_at=recorded.ago(seconds=5))}


async def test_a_chinese_browser_is_answered_in_chinese(desk: Desk) -> None:
    page = await desk.ready(locale="zh-CN")
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await expect(page.locator(".idle h2").last).to_have_text("准备就绪")


async def test_an_agents_own_language_comes_before_the_browsers(desk: Desk) -> None:
    page = await desk.ready(path="/desk?agent=1002")
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


async def test_a_switch_changes_every_word_and_nothing_else(desk: Desk) -> None:
    context = await desk.context()
    page = await desk.ready(context)
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED))
    await page.locator(".note-field").fill("保持不变")
    await page.get_by_role("button", name="中文").click()
    await expect(page.locator('[data-block="orders"] .section-title')).to_have_text("订单")
    await expect(page.locator(".match-state")).to_have_text("已识别")
    await expect(page.locator(".match-reason")).to_have_text("号码完全一致，仅一人")
    await expect(page.locator(".note-field")).to_have_value("保持不变")
    await expect(page.locator('[data-block="orders"] .row-head .status').first).to_have_text("已发货")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await expect(page.locator('[data-block="orders"] .section-title')).to_have_text("订单")
    await page.get_by_role("button", name="EN").click()
    await expect(page.locator(".match-reason")).to_have_text("exact number, one person")


async def test_a_language_chosen_at_the_door_is_kept_and_leaves_the_address(desk: Desk) -> None:
    page = await desk.ready(path=f"/desk?agent={desk.agent}&lang=zh-CN")
    assert page.url == f"{desk.server.base}/desk?agent={desk.agent}"
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


async def test_every_tab_follows_the_switch(desk: Desk) -> None:
    context = await desk.context()
    first = await desk.ready(context)
    second = await desk.open(context)
    await second.locator(".elsewhere").wait_for()
    await first.get_by_role("button", name="中文").click()
    await expect(second.locator(".elsewhere button")).to_have_text("在此使用")
