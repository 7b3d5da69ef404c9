"""Real third-party systems, brought up once for a test run."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright
from tests.browser.conftest import WITH_SANDBOX_OFF, WITHOUT_BROWSER
from tests.live.asterisk_lab import Lab, LabUnavailable, asterisk_lab
from tests.live.odoo_server import Odoo, OdooUnavailable, running_odoo
from tests.live.oidc_company import SECRET_VARIABLE, Company, ProviderUnavailable, open_company
from tests.live.tryton_books import Books, fill
from tests.live.tryton_server import TrytonUnavailable, tryton_server


@pytest.fixture(scope="session")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A real Tryton ERP with customers and sales. Skips, loudly, where its packages cannot be had."""
    folder: Path = tmp_path_factory.mktemp("tryton")
    try:
        with tryton_server(folder) as address:
            yield fill(address)
    except TrytonUnavailable as exc:
        pytest.skip(f"THE LIVE TEST AGAINST A REAL TRYTON DID NOT RUN: {exc}")


@pytest.fixture(scope="session")
def odoo(request: pytest.FixtureRequest) -> Odoo:
    """A real Odoo with the laboratory's customers. Runs when asked for (`make test-live`); skips, loudly, where it cannot."""
    if "live" not in request.config.option.markexpr:
        pytest.skip("THE LIVE TESTS AGAINST A REAL ODOO DID NOT RUN: THEY ARE ASKED FOR WITH make test-live")
    try:
        return running_odoo()
    except OdooUnavailable as exc:
        pytest.skip(f"THE LIVE TESTS AGAINST A REAL ODOO DID NOT RUN: {exc}")


@pytest.fixture
async def asterisk(running_asterisk: Lab) -> Lab:
    """A real Asterisk on which nobody talks."""
    await running_asterisk.do("cli", "channel request hangup all")
    return running_asterisk


@pytest.fixture(scope="session")
def running_asterisk(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A real Asterisk with telephones. Runs when asked for (`make test-live`); skips, loudly, where it cannot."""
    if "live" not in request.config.option.markexpr:
        pytest.skip("THE LIVE TESTS AGAINST A REAL ASTERISK DID NOT RUN: THEY ARE ASKED FOR WITH make test-live")
    try:
        with asterisk_lab() as lab:
            yield lab
    except LabUnavailable as exc:
        pytest.skip(f"THE LIVE TESTS AGAINST A REAL ASTERISK DID NOT RUN: {exc}")


@pytest.fixture
async def firm(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Company]:
    """A company whose people sign in at a real OpenID provider. Skips, loudly, where none can be started."""
    monkeypatch.setenv(SECRET_VARIABLE, "a secret: with/signs")
    try:
        async with open_company(database_url, tmp_path) as company:
            yield company
    except ProviderUnavailable as exc:
        pytest.skip(f"THE LIVE TESTS AGAINST A REAL OPENID PROVIDER DID NOT RUN: {exc}")


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A real browser. Skips, loudly, where none is installed."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip(WITHOUT_BROWSER)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=WITH_SANDBOX_OFF)
        yield browser
        await browser.close()
