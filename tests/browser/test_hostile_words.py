"""Sixty payloads in every field in which a page shows somebody else's words: cards, the page of a code, reports, wall, survey."""

import json
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from playwright.async_api import Page, Route, expect
from tests.browser import recorded
from tests.browser.conftest import Desk
from tests.browser.test_reports_page import SPAN
from tests.browser.test_safety import ANSWERED, FIXED, FOREIGN_ELEMENTS, OPEN_LINKS, PAYLOADS, endless, poisoned
from tests.surveys.asking import Asking
from tests.surveys.conftest import asking, surveys_database_url

pytestmark = pytest.mark.browser
__all__ = ["asking", "surveys_database_url"]

ALL: Final = " ".join(PAYLOADS)
"""Every payload in one text: wherever one of them could begin to be markup, it would."""
SITUATIONS: Final = (recorded.pop, recorded.shared, recorded.unknown, recorded.withheld, recorded.internal, recorded.pending)
SAID_ELSEWHERE: Final = frozenset(
    {"agent", "queue", "cause", "team", "name", "line", "outcome", "tier", "assignee", "number", "unit", "formula"}
)
"""Fields of reports whose words come from set-ups, other systems, or people."""
WATCH: Final = (
    "window.policyComplaints = []; document.addEventListener('securitypolicyviolation',"
    " (event) => window.policyComplaints.push(event.violatedDirective + ' ' + event.blockedURI))"
)


def test_there_are_sixty_and_no_two_alike() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 60


async def test_every_field_of_every_card_holds_all_of_them_as_text(desk: Desk) -> None:
    async with watched(desk) as page:
        for number, situation in enumerate(SITUATIONS):
            await desk.show(poisoned(situation(f"{desk.agent}.{number}", **ANSWERED), iter(lambda: ALL, None)))
            await page.locator(".rail-live .call").nth(number).click()
            await expect(page.locator(".card:visible")).to_have_attribute("data-view", "open")
            for button in await page.locator(".card:visible button[aria-expanded=false]:not([hidden])").all():
                await button.click()
        assert ALL[:40] in await page.locator("main").inner_text()


async def test_the_page_of_a_code_shows_them_as_text(desk: Desk) -> None:
    async with watched(desk, path=f"/pop/{desk.agent}.p1?code=good-{desk.agent}") as page:
        await page.locator('.link-state[data-state="live"]').wait_for()
        card = poisoned(recorded.pop(f"{desk.agent}.p1", **ANSWERED), iter(lambda: ALL, None))
        await desk.change(card, seq=7)
        await expect(page.locator(".caller-name")).to_contain_text(PAYLOADS[0])


@pytest.mark.parametrize("path", [SPAN, "/reports?wall=1"], ids=["reports", "wall"])
async def test_reports_show_them_as_text(desk: Desk, path: str) -> None:
    async with watched(desk, path=path, hostile=True) as page:
        await expect(page.locator('.report-panel[data-state="shown"]').first).to_be_visible()
        await expect(page.locator('.report-panel[data-state="loading"]')).to_have_count(0)
        if path == SPAN:
            for table in await page.locator(".as-table summary").all():
                await table.click()
            await page.locator('.tile[data-figure="service_level"] button').click()
            await expect(page.locator("dialog tbody tr")).to_have_count(50)
        assert PAYLOADS[0] in await page.locator("body").inner_text()


@asynccontextmanager
async def watched(desk: Desk, *, path: str = "", hostile: bool = False) -> Any:  # noqa: ANN401 - of a page
    """Open a page that notes whatever its policy stopped; in the end nothing fired and nothing foreign is there."""
    context = await desk.context()
    await context.add_init_script(WATCH)
    if hostile:
        await context.route("**/v1/**", with_hostile_words)
    page = await desk.open(context, path=path)
    if not path:
        await page.locator('.link-state[data-state="live"]').wait_for()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    yield page
    assert await is_harmless(page) == []
    assert dialogs == []
    assert desk.complaints == []
    assert desk.hosts == {desk.server.base.removeprefix("http://")}


async def is_harmless(page: Page) -> list[Any]:
    """Return whatever is not."""
    fired = await page.evaluate("window.hit === undefined ? [] : ['it fired']")
    links = [link for link in await page.evaluate(OPEN_LINKS) if link[0] not in {"https:", "http:"}]
    return [*fired, *links, *await page.evaluate(FOREIGN_ELEMENTS), *await page.evaluate("window.policyComplaints")]


async def with_hostile_words(route: Route) -> None:
    """Answer as the server does, with payloads for words."""
    answer = await route.fetch()
    if "json" not in answer.headers.get("content-type", ""):
        await route.fulfill(response=answer)
        return
    await route.fulfill(response=answer, body=json.dumps(spoken(await answer.json(), endless(0))))


def spoken(value: Any, poison: Iterator[str]) -> Any:  # noqa: ANN401 - any JSON
    """The same answer with payloads where somebody else's words stand; the first of each kind holds all of them."""
    if isinstance(value, dict):
        return {
            key: f"{ALL} {next(poison)}" if key in SAID_ELSEWHERE and isinstance(one, str) else spoken(one, poison)
            for key, one in value.items()
        }
    return [spoken(one, poison) for one in value] if isinstance(value, list) else value


async def test_a_survey_repeats_nothing_as_markup(asking: Asking) -> None:
    """Without a script on the page: what was sent in the address or the form stands nowhere in the answer as it was sent."""
    token = await asking.invited()
    for payload in PAYLOADS:
        pages = [await asking.page("GET", f"/s/{token}", params={"lang": payload}), await asking.answer(token, 9, payload)]
        assert all(page.status_code < 500 for page in pages)
        assert [page.text for page in pages if payload in page.text and set(payload) & set("<>\"'")] == []


def test_only_words_that_the_contract_fixes_are_left_alone() -> None:
    assert {"pop_id", "state", "mode", "status", "direction", "at", "as_of", "kind", "started_at", "answered_at", "tier"} >= FIXED
