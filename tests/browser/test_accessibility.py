"""What a screen reader and tired eyes need: names, landmarks, contrast, quiet announcements."""

import pytest
from playwright.async_api import Page, expect
from tests.browser import recorded
from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser

ANSWERED = {"mode": "full", "call": recorded.call("answered", answered_at=recorded.ago(seconds=5))}
UNNAMED = """() => [...document.querySelectorAll('button, a[href], input, textarea, select, [role=meter]')]
    .filter((node) => node.getClientRects().length)
    .filter((node) => !(node.ariaLabel || node.labels?.[0]?.textContent || node.textContent || '').trim())
    .map((node) => node.outerHTML)"""
REPEATED_IDS = """() => {
    const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
    return ids.filter((id, index) => ids.indexOf(id) !== index);
}"""
BROKEN_REFERENCES = """() => ['aria-labelledby', 'aria-describedby', 'aria-controls', 'for'].flatMap((name) =>
    [...document.querySelectorAll(`[${name}]`)].filter((node) => !document.getElementById(node.getAttribute(name)))
        .map((node) => node.outerHTML))"""
TOO_FAINT = """() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (color) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
    };
    const over = (top, under) => top.slice(0, 3).map((value, index) => value * top[3] + under[index] * (1 - top[3]));
    const ground = (node) => {
        const layers = [];
        for (let at = node; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
        return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
    };
    const light = (color) => {
        const [r, g, b] = color.map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const faint = [];
    for (const node of document.querySelectorAll('body *')) {
        const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
        if (!own || !node.getClientRects().length || node.closest('.visually-hidden, .skip, [data-over]')) continue;
        const style = getComputedStyle(node), under = ground(node), text = over(rgba(style.color), under);
        const [high, low] = [light(text), light(under)].sort((one, other) => other - one);
        const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
        const ratio = (high + 0.05) / (low + 0.05);
        if (ratio < (large ? 3 : 4.5)) faint.push([node.className, node.textContent, ratio.toFixed(2)]);
    }
    return faint;
}"""


async def a_full_desk(desk: Desk, page: Page) -> None:
    await desk.show(recorded.pop(f"{desk.agent}.p1", blocks=dict(recorded.troubled()), **ANSWERED))
    await desk.show(recorded.shared(f"{desk.agent}.p2"))
    await desk.show(recorded.unknown(f"{desk.agent}.p3"))
    await desk.withdraw(f"{desk.agent}.p3", "missed")
    await expect(page.locator(".calls-recent .call")).to_have_count(1)
    await page.locator(".why-toggle:visible").click()
    await expect(page.locator(".trace").first).to_be_visible()


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_everything_one_can_use_has_a_name_and_every_reference_an_end(desk: Desk, locale: str) -> None:
    page = await desk.ready(locale=locale)
    await a_full_desk(desk, page)
    await page.locator(".button.icon-only").click()
    assert await page.evaluate(UNNAMED) == []
    assert await page.evaluate(REPEATED_IDS) == []
    assert await page.evaluate(BROKEN_REFERENCES) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("second", [False, True], ids=["known", "maybe"])
async def test_text_stands_out_from_its_ground(desk: Desk, scheme: str, second: bool) -> None:  # noqa: FBT001 - a case
    page = await desk.ready(color_scheme=scheme)
    await a_full_desk(desk, page)
    await page.locator(".button.icon-only").click()
    if second:
        await page.locator(".rail-live .call").nth(1).click()
        await page.keyboard.press("o")
        await expect(page.locator(".candidate:visible")).to_have_count(3)
    assert await page.evaluate(TOO_FAINT) == []


@pytest.mark.parametrize("path", ["/desk", "/desk/sign-in", "/pop/none?code=used"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_doors_are_readable_too(desk: Desk, path: str, scheme: str) -> None:
    page = await desk.open(path=path, color_scheme=scheme)
    await expect(page.locator("h1:visible")).to_have_count(1)
    assert await page.evaluate(TOO_FAINT) == []
    assert await page.evaluate(UNNAMED) == []


async def test_the_contrast_check_sees_faint_text(desk: Desk) -> None:
    page = await desk.ready()
    await page.evaluate("document.querySelector('.idle:last-of-type h2').style.color = '#999'")
    assert len(await page.evaluate(TOO_FAINT)) == 1


async def test_landmarks_and_headings_lead_to_the_call(desk: Desk) -> None:
    page = await desk.ready()
    await desk.show(recorded.pop(f"{desk.agent}.p1", **ANSWERED))
    await expect(page.get_by_role("main")).to_have_count(1)
    await expect(page.get_by_role("banner")).to_have_count(1)
    await expect(page.get_by_role("navigation", name="Calls")).to_have_count(1)
    await expect(page.get_by_role("article", name="张*")).to_have_count(1)
    await expect(page.get_by_role("heading", name="Orders", level=3)).to_be_visible()


async def test_news_is_told_politely_and_once(desk: Desk) -> None:
    page = await desk.ready()
    spoken = page.locator("#announcements")
    await expect(spoken).to_have_attribute("aria-live", "polite")
    await desk.show(recorded.pending(f"{desk.agent}.p1", **ANSWERED))
    await expect(spoken).to_have_text("Incoming call: 张*, 客户支持 Support")
    await desk.change(recorded.pop(f"{desk.agent}.p1", **ANSWERED), seq=2)
    await expect(page.locator('[data-block="orders"]')).to_have_attribute("data-state", "live")
    await expect(spoken).to_have_text("Incoming call: 张*, 客户支持 Support")


async def test_motion_rests_for_whoever_asks(desk: Desk) -> None:
    page = await desk.ready(reduced_motion="reduce")
    await desk.show(recorded.pop(f"{desk.agent}.p1"))
    await expect(page.locator(".avatar")).to_have_css("animation-name", "none")
    moving = await desk.ready(reduced_motion="no-preference", path=f"/desk?agent={desk.agent}")
    await expect(moving.locator(".avatar")).to_have_css("animation-name", "ring")
