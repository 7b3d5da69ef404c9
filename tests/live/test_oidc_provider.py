"""A real login in a real browser at a real OpenID provider: `oidc-provider` 9, which the OpenID Foundation certified.

TIELINE_OIDC_MODULES names the `node_modules` it is installed in (`npm install oidc-provider@9`); without it this does not run.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from pydantic import SecretStr
from tests.api.front_door import PEOPLE, SET_UP, rows_at
from tests.browser.conftest import WITH_SANDBOX_OFF, free_port

from tieline.connectors.registry import Catalog
from tieline.services.apply import apply
from tieline.serving import serving
from tieline.settings import Settings
from tieline.wiring import applying, house_of

pytestmark = [pytest.mark.live, pytest.mark.browser]

PROVIDERS = """
version: 1
providers:
  company:
    kind: oidc
    title: Company account
    issuer: http://127.0.0.1:{port}
    client_id: tieline
    client_secret: env:TIELINE_TEST_OIDC_SECRET
    scopes: [openid, profile, groups]
    roles: {{claim: groups, values: {{cc-agents: agent}}}}
"""


@dataclass
class Running:
    """Both of them, and where."""

    home: str
    issuer: str
    database_url: str


@pytest.fixture
async def running(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    port, provider_port = free_port(), free_port()
    home = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("TIELINE_TEST_OIDC_SECRET", "a secret: with/signs")
    monkeypatch.setenv("TIELINE_TEST_PBX_TOKEN", "x" * 20)
    file = tmp_path / "sign_in.yaml"
    file.write_text(PROVIDERS.format(port=provider_port))
    set_up = tmp_path / "tieline.yaml"
    set_up.write_text(SET_UP + PEOPLE)
    settings = Settings(
        database_url=SecretStr(database_url),
        data_dir=tmp_path,
        port=port,
        public_url=home,
        sign_in_file=file,
        private_networks=f"127.0.0.1=127.0.0.0/8:{provider_port}",
    )
    async with applying(settings, database_url, Catalog()) as tools:
        await apply(tools, set_up)
    with provider(provider_port, home):
        async with (
            house_of(settings, database_url, Catalog()) as house,
            serving(house, settings, database_url, with_worker=False),
        ):
            yield Running(home, f"http://127.0.0.1:{provider_port}", database_url)


@contextmanager
def provider(port: int, home: str) -> Iterator[None]:
    modules, node = os.environ.get("TIELINE_OIDC_MODULES"), os.environ.get("TIELINE_NODE") or shutil.which("node")
    if not modules or not node:
        pytest.skip("THE LIVE TEST AGAINST A REAL OPENID PROVIDER DID NOT RUN: TIELINE_OIDC_MODULES AND NODE ARE NEEDED")
    environment = {**os.environ, "OIDC_MODULES": modules, "OIDC_PORT": str(port), "OIDC_HOME": home}
    script = Path(__file__).with_name("oidc_provider.mjs")
    process = subprocess.Popen([node, str(script)], env=environment)  # noqa: S603 - our own script
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("BROWSER TESTS WERE NOT RUN: NO CHROMIUM IS INSTALLED HERE")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=WITH_SANDBOX_OFF)
        yield browser
        await browser.close()


async def answers(address: str) -> None:
    async with asyncio.timeout(30), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                await client.get(address)
            except httpx.ConnectError:
                await asyncio.sleep(0.1)
            else:
                return


async def come_in(page: Page, name: str) -> None:
    await page.get_by_role("link", name="Company account").click()
    await page.locator("input[name=login]").fill(name)
    await page.locator("input[name=password]").fill("any")
    await page.get_by_role("button").click()
    await page.get_by_role("button", name="Continue").click()


async def test_a_person_signs_in_works_and_is_signed_out_by_the_provider(running: Running, chromium: Browser) -> None:
    await answers(f"{running.issuer}/.well-known/openid-configuration")
    page = await (await chromium.new_context(locale="en-GB")).new_page()
    violations: list[str] = []
    page.on("console", lambda line: violations.append(line.text) if "Content Security Policy" in line.text else None)
    await page.goto(f"{running.home}/desk")
    await come_in(page, "agent1001")
    await page.wait_for_url(f"{running.home}/desk")
    await expect(page.locator(".bar-agent")).to_have_text("Li Wei")
    bound = await rows_at(running.database_url, "SELECT issuer, subject, agent FROM sign_in_identities")
    assert bound == [(running.issuer, "agent1001", "1001")]
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(f"{running.issuer}/session/end**")
    await page.get_by_role("button", name="Yes, sign me out").click()
    await page.wait_for_url(f"{running.home}/desk/sign-in**")
    assert await rows_at(running.database_url, "SELECT count(*) FROM sessions") == [(0,)]
    assert violations == []


async def test_the_provider_signs_somebody_out_behind_the_browsers_back(running: Running, chromium: Browser) -> None:
    await answers(f"{running.issuer}/.well-known/openid-configuration")
    page = await (await chromium.new_context(locale="en-GB")).new_page()
    await page.goto(f"{running.home}/desk/sign-in")
    await come_in(page, "agent1001")
    await page.wait_for_url(f"{running.home}/desk")
    other = await page.context.new_page()
    await other.goto(f"{running.issuer}/session/end")
    await other.get_by_role("button", name="Yes, sign me out").click()
    async with asyncio.timeout(10):
        while await rows_at(running.database_url, "SELECT count(*) FROM sessions") != [(0,)]:  # noqa: ASYNC110 - the other end is a provider
            await asyncio.sleep(0.05)
    await page.goto(f"{running.home}/desk")
    assert page.url.startswith(f"{running.home}/desk/sign-in")


async def test_whoever_is_in_none_of_the_groups_stays_outside(running: Running, chromium: Browser) -> None:
    await answers(f"{running.issuer}/.well-known/openid-configuration")
    page = await (await chromium.new_context(locale="en-GB")).new_page()
    await page.goto(f"{running.home}/desk/sign-in")
    await come_in(page, "stranger")
    await expect(page.get_by_role("alert")).to_contain_text("Signing in did not work")
    refused = await rows_at(running.database_url, "SELECT details->>'why' FROM audit_entries WHERE action = 'sign_in.refused'")
    assert refused == [("no_role",)]
