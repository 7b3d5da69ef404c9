"""A masked fact on a card: shown for a reason, or only after signing in once more, with the way there; by keyboard as well."""

import json
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect
from tests.browser import recorded
from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser
ANSWERED = {"mode": "full", "call": recorded.call("answered", answered_at=recorded.ago(seconds=5))}
MASKED, WHOLE = "110101********1234", "110101199003071234"


async def a_card(desk: Desk, *answers: tuple[int, dict[str, Any]]) -> tuple[Page, list[dict[str, Any]]]:
    """Open a card whose identity number may be asked for; the server gives these answers, one after the other."""
    page, asked, left = await desk.ready(), [], list(answers)

    async def answer(route: Route) -> None:
        asked.append({"path": route.request.url.rpartition("/v1/")[2], **(route.request.post_data_json or {})})
        status, content = left.pop(0)
        kind = "application/json" if status == 200 else "application/problem+json"
        await route.fulfill(status=status, content_type=kind, body=json.dumps(content))

    await page.route("**/reveal", answer)
    await page.evaluate("document.body.dataset.mayReveal = 'id_number'")
    shown = recorded.pop(f"{desk.agent}.r1", **ANSWERED)
    shown["customer"] = {**shown["customer"], "id_number": MASKED}
    await desk.show(shown)
    await expect(page.locator('[data-fact="id_number"]')).to_contain_text(MASKED)
    return page, asked


async def test_a_fact_is_shown_for_a_reason(desk: Desk) -> None:
    page, asked = await a_card(desk, (200, {"field": "id_number", "value": WHOLE, "sources": {}}))
    fact = page.locator('[data-fact="id_number"]')
    await expect(page.locator('[data-fact="phones"] button')).to_have_count(0)
    await fact.locator("button").first.press("Enter")
    await expect(fact.locator("select")).to_be_focused()
    await fact.locator("select").select_option("identity_check")
    await fact.locator("button[type=submit]").press("Enter")
    await expect(fact).to_contain_text(WHOLE)
    await expect(fact.locator("form")).to_be_hidden()
    (sent,) = asked
    assert (sent["field"], sent["reason"]) == ("id_number", "identity_check")
    assert sent["path"].startswith("customers/")
    assert WHOLE not in page.url


async def test_where_a_fresh_sign_in_is_wanted_the_way_there_is_shown(desk: Desk) -> None:
    page, _ = await a_card(
        desk,
        (401, {"code": "step_up_required"}),
        (409, {"code": "second_person_required"}),
        (429, {"code": "rate_limited"}),
        (403, {"code": "something_new"}),
    )
    fact = page.locator('[data-fact="id_number"]')
    await fact.locator("button").first.click()
    for link, words in ((True, "fresh sign-in"), (False, "second person"), (False, "Too many"), (False, "could not be shown")):
        await fact.locator("button[type=submit]").click()
        await expect(fact.locator("[role=status]")).to_contain_text(words)
        if link:
            await expect(fact.locator("a")).to_have_attribute("href", "/desk/sign-in/step-up")
        await expect(fact.locator("a")).to_be_visible(visible=link)
    await expect(fact).to_contain_text(MASKED)
