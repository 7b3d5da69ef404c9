"""The page a customer opens from a message, on a telephone, without any script."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal

import pytest
from playwright.async_api import Browser, Page, Route, expect
from tests.browser.test_accessibility import BROKEN_REFERENCES, REPEATED_IDS, TOO_FAINT, UNNAMED
from tests.browser.test_narrow_and_keyboard import WIDER_THAN_THE_WINDOW
from tests.surveys.asking import Asking
from tests.surveys.conftest import asking, surveys_database_url

pytestmark = pytest.mark.browser
__all__ = ["asking", "surveys_database_url"]
HERE = "https://call.example"
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
ENDS: Final = {"zh-CN": ("1 很不满意", "5 非常满意"), "en": ("1 Very dissatisfied", "5 Very satisfied")}
FINGER_PX = 44
UNDER_A_FINGER = """(least) => [...document.querySelectorAll('a, button, textarea, input')]
    .map((node) => [node.textContent || node.value, node.getBoundingClientRect()])
    .filter(([_, box]) => box.width < least || box.height < least)
    .map(([text, box]) => [text, box.width, box.height])"""


@asynccontextmanager
async def telephone(browser: Browser, asking: Asking, *, width: int = 360, locale: str = "zh-CN") -> AsyncIterator[Page]:
    """A browser that runs no script; what it asks for is answered by the application."""
    context = await browser.new_context(viewport={"width": width, "height": 720}, locale=locale, java_script_enabled=False)

    async def pass_on(route: Route) -> None:
        request = route.request
        path = request.url.removeprefix(HERE)
        kept = {name: value for name, value in request.headers.items() if name in {"content-type", "accept-language"}}
        answer = await asking.page(request.method, path, content=request.post_data_buffer or b"", headers=kept)
        headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
        await route.fulfill(status=answer.status_code, body=answer.content, headers=headers)

    await context.route("**/*", pass_on)
    try:
        yield await context.new_page()
    finally:
        await context.close()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("width", [320, 1280], ids=["phone", "desktop"])
async def test_nothing_is_wider_than_the_window_or_too_small_for_a_finger(
    browser: Browser, asking: Asking, language: str, width: int
) -> None:
    token = await asking.invited()
    async with telephone(browser, asking, width=width) as page:
        await page.goto(f"{HERE}/s/{token}?lang={language}")
        await expect(page.locator("h1")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.evaluate(WIDER_THAN_THE_WINDOW) == []
        assert await page.evaluate(UNDER_A_FINGER, FINGER_PX) == []
        assert await page.locator("html").get_attribute("lang") == language
        await page.goto(f"{HERE}/s/{token}/stop?lang={language}")
        assert await page.evaluate(UNDER_A_FINGER, FINGER_PX) == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_tired_eyes_and_screen_readers_find_their_way(
    browser: Browser, asking: Asking, language: str, scheme: Literal["light", "dark"]
) -> None:
    token = await asking.invited()
    async with telephone(browser, asking) as page:
        await page.emulate_media(color_scheme=scheme)
        for path in (f"/s/{token}", f"/s/{token}/stop", f"/s/{'A' * 24}"):
            await page.goto(f"{HERE}{path}?lang={language}")
            await expect(page.locator("h1")).to_be_visible()
            found = {check: await page.evaluate(check) for check in (TOO_FAINT, UNNAMED, REPEATED_IDS, BROKEN_REFERENCES)}
            assert set(map(str, found.values())) == {"[]"}, found
        await page.goto(f"{HERE}/s/{token}?lang={language}")
        ends = [await page.get_by_role("radio", name=end, exact=True).get_attribute("value") for end in ENDS[language]]
        assert ends == ["1", "5"], "what the ends of the scale mean is heard with them"


async def test_a_customer_answers_by_keyboard_alone(browser: Browser, asking: Asking) -> None:
    token = await asking.invited()
    async with telephone(browser, asking) as page:
        await page.goto(f"{HERE}/s/{token}")
        await page.keyboard.press("Tab")
        await page.keyboard.press("ArrowRight")
        assert await page.locator("input:checked").get_attribute("value") == "2"
        await page.keyboard.press("Tab")
        await page.keyboard.type("等了太久")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("谢谢您的评价")
    row = await asking.row(token)
    assert row["state"] == "answered"
    (said,) = (await asking.ask("GET", "/v1/feedback", params={"call_id": row["call_id"]})).json()["items"]
    assert (said["score"], said["text"]) == (2, "等了太久")


async def test_opting_out_takes_two_taps(browser: Browser, asking: Asking) -> None:
    token = await asking.invited()
    async with telephone(browser, asking, locale="en-US") as page:
        await page.goto(f"{HERE}/s/{token}?lang=en")
        await page.get_by_text("Do not ask me again").click()
        await page.get_by_role("button", name="Yes, stop").click()
        await expect(page.locator("h1")).to_have_text("All right")
    assert (await asking.row(token))["state"] == "opted_out"
