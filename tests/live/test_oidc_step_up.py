"""A real OpenID provider asks again before an identity number is shown, and nobody but the same person comes back; a second
person approves it, who signed in there too. What is ended on the page of sessions is over."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from tests.flows.door import patiently
from tests.live.oidc_company import Company, come_in, show_who_one_is

pytestmark = [pytest.mark.live, pytest.mark.browser]
WHOLE = "99010519560308002X"
SUPERVISOR = "agent9001"
APPROVE = """async () => {
  const { items: [asked] } = await (await fetch("/v1/approvals")).json();
  const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ verdict: "approved" }) };
  const { status } = await fetch(`/v1/approvals/${asked.id}/decide`, sent);
  return [asked.action, asked.asked_by, status];
}"""
LONG_AGO = "UPDATE sessions SET proved_at = proved_at - interval '16 minutes' RETURNING agent"
REVEALED = "SELECT actor, details->>'field', count(*) FROM audit_entries WHERE action = 'customer.revealed' GROUP BY 1, 2"
REFUSED = "SELECT details->>'why' FROM audit_entries WHERE action = 'sign_in.refused'"
ENDED = "SELECT actor, details->>'sessions' FROM audit_entries WHERE action = 'session.ended'"
SESSIONS = "SELECT agent, proved_at IS NOT NULL FROM sessions"


async def at_a_card(firm: Company, chromium: Browser) -> Page:
    """Sign a supervisor in who talks to a customer."""
    page = await firm.page(chromium)
    await page.goto(f"{firm.home}/desk")
    await come_in(page, SUPERVISOR)
    await page.locator('.link-state[data-state="live"]').wait_for()
    await firm.call("9001", "step-up")
    await expect(identity_number(page)).to_contain_text("*")
    return page


def identity_number(page: Page) -> Locator:
    return page.locator('[data-fact="id_number"]')


async def ask_to_see_it(page: Page) -> None:
    fact = identity_number(page)
    await fact.locator("button").first.click()
    await fact.locator("select").select_option("identity_check")
    await fact.locator("button[type=submit]").click()


async def set_out(firm: Company, page: Page) -> None:
    """Be told that a fresh sign-in is wanted, and go where the card leads."""
    await ask_to_see_it(page)
    await expect(identity_number(page).locator("[role=status]")).to_contain_text("fresh sign-in")
    assert await firm.rows(REVEALED) == []
    await identity_number(page).locator("a").click()
    await page.wait_for_url(f"{firm.issuer}/**")


async def approve(page: Page, home: str) -> None:
    """Approve what waits, as another supervisor in a browser of their own."""
    await page.goto(f"{home}/desk")
    await come_in(page, "agent9002")
    await page.locator('.link-state[data-state="live"]').wait_for()
    assert await page.evaluate(APPROVE) == ["identity.reveal", "agent:9001", 200]


async def test_an_identity_number_is_shown_once_the_provider_has_asked_again(firm: Company, chromium: Browser) -> None:
    page = await at_a_card(firm, chromium)
    assert await firm.rows(SESSIONS) == [("9001", False)], "unasked, this provider does not say when somebody showed who they are"
    await set_out(firm, page)
    await show_who_one_is(page, SUPERVISOR)
    await page.wait_for_url(f"{firm.home}/desk")
    assert await firm.rows(SESSIONS) == [("9001", True)], "one session, which took the place of the one before"

    assert await firm.rows(LONG_AGO) == [("9001",)]
    await set_out(firm, page)
    await show_who_one_is(page, SUPERVISOR)
    await page.wait_for_url(f"{firm.home}/desk")
    await ask_to_see_it(page)
    await expect(identity_number(page).locator("[role=status]")).to_contain_text("A second person must approve it first")
    await approve(await firm.page(chromium), firm.home)
    await identity_number(page).locator("button[type=submit]").click()
    await expect(identity_number(page)).to_contain_text(WHOLE)
    assert await firm.rows(REVEALED) == [("agent:9001", "id_number", 1)]


async def test_nobody_else_comes_back_from_it(firm: Company, chromium: Browser) -> None:
    page = await at_a_card(firm, chromium)
    await set_out(firm, page)
    await show_who_one_is(page, "agent1001")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("alert")).to_contain_text("Signing in did not work")
    assert await firm.rows(REFUSED) == [("another_person",)]
    async for _ in patiently("the provider never said that the first one is out"):
        if await firm.rows(SESSIONS) == []:
            break
    assert await firm.rows(ENDED) == [("provider:company", "1")], "whom the provider let go for the other is out here too"


async def test_one_browser_ends_the_session_of_another(firm: Company, chromium: Browser) -> None:
    left, kept = await firm.page(chromium), await firm.page(chromium)
    for page in (left, kept):
        await page.goto(f"{firm.home}/desk")
        await come_in(page, "agent1001")
        await page.locator('.link-state[data-state="live"]').wait_for()
    await kept.goto(f"{firm.home}/desk/sessions")
    listed = kept.locator(".session-list li")
    await expect(listed).to_have_count(2)
    await expect(listed.filter(has_text="Company account")).to_have_count(2)
    await kept.get_by_role("button", name="Sign out everywhere else").click()
    await expect(listed).to_have_count(1)
    await left.goto(f"{firm.home}/desk")
    assert left.url.startswith(f"{firm.home}/desk/sign-in")
    await kept.goto(f"{firm.home}/desk")
    await expect(kept.locator(".bar-agent")).to_have_text("Li Wei")
