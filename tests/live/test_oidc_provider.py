"""A real login in a real browser at a real OpenID provider: `oidc-provider` 9, which the OpenID Foundation certified.

TIELINE_OIDC_MODULES names the `node_modules` it is installed in (`npm install oidc-provider@9`); without it this does not run.
"""

import asyncio

import pytest
from playwright.async_api import Browser, expect
from tests.live.oidc_company import Company, come_in

pytestmark = [pytest.mark.live, pytest.mark.browser]


async def test_a_person_signs_in_works_and_is_signed_out_by_the_provider(firm: Company, chromium: Browser) -> None:
    page = await firm.page(chromium)
    violations: list[str] = []
    page.on("console", lambda line: violations.append(line.text) if "Content Security Policy" in line.text else None)
    await page.goto(f"{firm.home}/desk")
    await come_in(page, "agent1001")
    await page.wait_for_url(f"{firm.home}/desk")
    await expect(page.locator(".bar-agent")).to_have_text("Li Wei")
    bound = await firm.rows("SELECT issuer, subject, agent FROM sign_in_identities")
    assert bound == [(firm.issuer, "agent1001", "1001")]
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(f"{firm.issuer}/session/end**")
    await page.get_by_role("button", name="Yes, sign me out").click()
    await page.wait_for_url(f"{firm.home}/desk/sign-in**")
    assert await firm.rows("SELECT count(*) FROM sessions") == [(0,)]
    assert violations == []


async def test_the_provider_signs_somebody_out_behind_the_browsers_back(firm: Company, chromium: Browser) -> None:
    page = await firm.page(chromium)
    await page.goto(f"{firm.home}/desk/sign-in")
    await come_in(page, "agent1001")
    await page.wait_for_url(f"{firm.home}/desk")
    other = await page.context.new_page()
    await other.goto(f"{firm.issuer}/session/end")
    await other.get_by_role("button", name="Yes, sign me out").click()
    async with asyncio.timeout(10):
        while await firm.rows("SELECT count(*) FROM sessions") != [(0,)]:  # noqa: ASYNC110 - the other end is a provider
            await asyncio.sleep(0.05)
    await page.goto(f"{firm.home}/desk")
    assert page.url.startswith(f"{firm.home}/desk/sign-in")


async def test_whoever_is_in_none_of_the_groups_stays_outside(firm: Company, chromium: Browser) -> None:
    page = await firm.page(chromium)
    await page.goto(f"{firm.home}/desk/sign-in")
    await come_in(page, "stranger")
    await expect(page.get_by_role("alert")).to_contain_text("Signing in did not work")
    refused = await firm.rows("SELECT details->>'why' FROM audit_entries WHERE action = 'sign_in.refused'")
    assert refused == [("no_role",)]
