"""Desktop notifications: asked for with a button, told only to a desk in the background, naming no caller."""

from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect
from tests.browser import recorded
from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser

RECORDER = """
    window.told = [];
    window.Notification = class extends EventTarget {
        static permission = 'default';
        static async requestPermission() { return (Notification.permission = window.answer ?? 'granted'); }
        constructor(title, options) { super(); Object.assign(this, { title, ...options }); window.told.push(this); }
        close() { this.closed = true; }
    };
    Object.defineProperty(document, 'visibilityState', { get: () => window.seen ?? 'hidden' });
"""


async def recording(desk: Desk) -> BrowserContext:
    context = await desk.context()
    await context.add_init_script(RECORDER)
    return context


async def told(page: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a Page, and JSON
    found: list[dict[str, Any]] = await page.evaluate("window.told.map(({ title, body, closed }) => ({ title, body, closed }))")
    return found


async def test_nobody_is_asked_or_told_without_having_wanted_it(desk: Desk) -> None:
    page = await desk.ready(await recording(desk))
    await desk.show(recorded.pop(f"{desk.agent}.p1"))
    await expect(page.locator(".card")).to_be_visible()
    assert await page.evaluate("Notification.permission") == "default"
    assert await told(page) == []


async def test_a_call_in_the_background_is_told_without_a_name_and_taken_back(desk: Desk) -> None:
    page = await desk.ready(await recording(desk))
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_role("button", name="Turn on desktop notifications").click()
    await expect(page.get_by_role("button", name="Turn off desktop notifications")).to_be_visible()
    await desk.show(recorded.pop(f"{desk.agent}.p1"))
    await expect(page.locator(".card")).to_be_visible()
    assert await told(page) == [{"title": "Incoming call", "body": "客户支持 Support", "closed": None}]
    await desk.withdraw(f"{desk.agent}.p1", "answered_elsewhere")
    await expect(page.locator(".card")).to_have_count(0)
    assert [one["closed"] for one in await told(page)] == [True]


async def test_a_desk_one_looks_at_tells_nothing_twice(desk: Desk) -> None:
    page = await desk.ready(await recording(desk))
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_role("button", name="Turn on desktop notifications").click()
    await page.evaluate("window.seen = 'visible'")
    await desk.show(recorded.pop(f"{desk.agent}.p1"))
    await expect(page.locator(".card")).to_be_visible()
    assert await told(page) == []


async def test_a_browser_that_refuses_is_not_asked_again(desk: Desk) -> None:
    page = await desk.ready(await recording(desk))
    await page.evaluate("window.answer = 'denied'")
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_role("button", name="Turn on desktop notifications").click()
    await expect(page.locator(".settings-notify")).to_contain_text("This browser blocks notifications")
    await expect(page.get_by_role("button", name="Turn on desktop notifications")).to_be_hidden()
