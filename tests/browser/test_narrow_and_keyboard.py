"""A phone, twice the size, no mouse: the desk works all the same."""

import pytest
from playwright.async_api import expect
from tests.browser import recorded
from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser

ANSWERED = {"mode": "full", "call": recorded.call("answered", answered_at=recorded.ago(seconds=5))}
WIDER_THAN_THE_WINDOW = """() => [...document.querySelectorAll('body *')]
    .filter((node) => node.getClientRects().length && !node.closest('.visually-hidden, .skip'))
    .filter((node) => node.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map((node) => node.className || node.tagName)"""
TOO_SMALL_TO_TAP = """() => [...document.querySelectorAll('button, a, input, textarea')]
    .filter((node) => node.getClientRects().length && !node.closest('.skip, p'))
    .map((node) => node.closest('label') ?? node)
    .filter((node) => node.offsetHeight < 24 || node.offsetWidth < 24)
    .map((node) => node.className || node.tagName)"""
UNMARKED_FOCUS = """() => {
    const node = document.activeElement, style = getComputedStyle(node);
    const marked = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return node === document.body || marked ? null : node.className || node.tagName;
}"""


@pytest.mark.parametrize("width", [360, 640], ids=["phone", "twice-the-size"])
@pytest.mark.parametrize("situation", [recorded.pop, recorded.shared, recorded.unknown, recorded.withheld, recorded.pending])
@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
async def test_nothing_is_wider_than_the_window(desk: Desk, width: int, situation: recorded.Situation, locale: str) -> None:
    page = await desk.ready(viewport={"width": width, "height": 480}, locale=locale)
    await desk.show(recorded.withheld(f"{desk.agent}.p2"))
    await desk.show(situation(f"{desk.agent}.p1", **ANSWERED))
    await expect(page.locator(".card:visible")).to_have_attribute("data-view", "open")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.evaluate(WIDER_THAN_THE_WINDOW) == []
    assert await page.evaluate(TOO_SMALL_TO_TAP) == []


async def test_very_long_words_break_rather_than_push(desk: Desk) -> None:
    page = await desk.ready(viewport={"width": 360, "height": 740})
    long = "x" * 300
    pop = recorded.pop(f"{desk.agent}.p1", **ANSWERED)
    pop["customer"].update(name=long, company=long, tags=[long], note=long, emails=[long])
    pop["blocks"]["orders"]["items"][0].update(number=long, summary=long, tracking_number=long)
    pop["blocks"]["tickets"]["items"][0].update(subject=long, assignee=long)
    pop["hints"][0]["text"] = long
    await desk.show(pop)
    await expect(page.locator(".caller-name")).to_have_text(long)
    assert await page.evaluate(WIDER_THAN_THE_WINDOW) == []


async def test_a_whole_call_by_keyboard_alone(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.shared(f"{desk.agent}.p1"))
    await expect(page.locator(".card")).to_have_attribute("data-view", "preview")
    await page.keyboard.press("o")
    await expect(page.locator(".card")).to_have_attribute("data-view", "open")
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    reached: list[str] = []
    for _ in range(30):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.className"))
        if reached[-1] == "candidate":
            break
    assert reached[-1] == "candidate"
    await page.keyboard.press("Enter")
    await expect(page.locator(".caller-name")).to_have_text("李**")
    await page.keyboard.press("n")
    await expect(page.locator(".note-field")).to_be_focused()
    await page.keyboard.type("n o 1")
    await expect(page.locator(".note-field")).to_have_value("n o 1")
    await page.keyboard.press("Shift+Tab")
    await expect(page.locator(".note-field")).not_to_be_focused()


async def test_keys_step_through_the_calls(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED))
    await desk.show(recorded.withheld(f"{desk.agent}.p2"))
    await expect(page.locator(".rail-live .call")).to_have_count(2)
    await page.keyboard.press("j")
    await expect(page.locator(".card:visible .caller-name")).to_have_text("Number withheld")
    await page.keyboard.press("k")
    await expect(page.locator(".card:visible .caller-name")).to_have_text("张*")


async def test_whatever_has_the_focus_shows_it(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED))
    await expect(page.locator(".card")).to_be_visible()
    unmarked = []
    for _ in range(25):
        await page.keyboard.press("Tab")
        unmarked.append(await page.evaluate(UNMARKED_FOCUS))
    assert [name for name in unmarked if name] == []


async def test_escape_closes_the_settings_and_returns_the_focus(desk: Desk) -> None:
    page = await desk.ready()
    toggle = page.get_by_role("button", name="Settings")
    await toggle.click()
    await page.get_by_label("when it rings").focus()
    await page.keyboard.press("Escape")
    await expect(page.locator("#settings")).to_be_hidden()
    await expect(toggle).to_be_focused()
