"""The demo's company with access control on, whose people sign in at a real OpenID provider on loopback."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import yaml
from playwright.async_api import Browser, Page
from tests.api.front_door import ROOT, rows_at
from tests.flows.door import KNOWN, LINE
from tests.flows.house import company
from tests.flows.sandbox import open_sandbox
from tests.ports import free_port

from tieline.connectors.registry import Catalog
from tieline.services import api_keys
from tieline.services.api_keys import KeyWish
from tieline.services.apply import apply
from tieline.services.house import House
from tieline.serving import serving
from tieline.settings import Settings
from tieline.wiring import applying, house_of

SECRET_VARIABLE: Final = "TIELINE_TEST_OIDC_SECRET"
UP_WITHIN_S: Final = 30
PROVIDERS: Final = f"""
version: 1
providers:
  company:
    kind: oidc
    title: Company account
    issuer: http://127.0.0.1:{{port}}
    client_id: tieline
    client_secret: env:{SECRET_VARIABLE}
    scopes: [openid, profile, groups]
    roles: {{{{claim: groups, values: {{{{cc-agents: agent, cc-leads: supervisor}}}}}}}}
"""


class ProviderUnavailable(Exception):
    """There is no provider to be had here; the reason is for whoever reads the test run."""


@dataclass
class Company:
    """Where it is, and where people sign in: `agent1001` an agent, `agent9001` and `agent9002` supervisors, `stranger` nobody."""

    home: str
    issuer: str
    database_url: str
    house: House

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        return await rows_at(self.database_url, query)

    async def page(self, chromium: Browser) -> Page:
        """Open a browser nobody used before."""
        return await (await chromium.new_context(locale="en-GB")).new_page()

    async def call(self, agent: str, call_id: str) -> None:
        """Let a telephone ring and be answered, as an exchange tells it."""
        wish = KeyWish(name="exchange", scopes=("events.write",))
        key, _ = await api_keys.create(self.house.database, wish, asker=ROOT, now=self.house.clock())
        known = {"call_id": call_id, "from": KNOWN, "to": LINE, "agent": agent}
        async with httpx.AsyncClient(base_url=self.home, trust_env=False) as client:
            for word in ("ringing", "answered"):
                told = {**known, "type": word, "at": self.house.clock().isoformat()}
                answer = await client.post("/v1/call-events", json=told, headers={"Authorization": f"Bearer {key}"})
                assert answer.status_code == 202, answer.text


@asynccontextmanager
async def open_company(database_url: str, folder: Path) -> AsyncIterator[Company]:
    """Open it, its provider beside it. The client's secret stands in SECRET_VARIABLE. Raises: ProviderUnavailable."""
    port, provider_port = free_port(), free_port()
    home, issuer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{provider_port}"
    file, set_up = folder / "sign_in.yaml", folder / "tieline.yaml"
    await asyncio.to_thread(file.write_text, PROVIDERS.format(port=provider_port))
    with _provider(provider_port, home):
        async with open_sandbox(crowd_size=0) as sandbox:
            staff = yaml.safe_load(company(sandbox))
            staff["agents"]["9002"] = {**staff["agents"]["9001"], "name": "Sun Li", "extensions": ["9002"]}
            await asyncio.to_thread(set_up.write_text, yaml.safe_dump(staff, allow_unicode=True), encoding="utf-8")
            settings = Settings(
                data_dir=folder,
                port=port,
                public_url=home,
                sign_in_file=file,
                private_networks=f"{sandbox.permitted},127.0.0.1=127.0.0.0/8:{provider_port}",
                pop_deadline_ms=2000,
            )
            async with applying(settings, database_url, Catalog()) as tools:
                await apply(tools, set_up)
            await _answers(f"{issuer}/.well-known/openid-configuration")
            async with (
                house_of(settings, database_url, Catalog()) as house,
                serving(house, settings, database_url, with_worker=False),
            ):
                yield Company(home, issuer, database_url, house)


async def come_in(page: Page, name: str) -> None:
    """Go to the provider from our door, sign in there, and consent."""
    await page.get_by_role("link", name="Company account").click()
    await show_who_one_is(page, name)
    await page.get_by_role("button", name="Continue").click()


async def show_who_one_is(page: Page, name: str) -> None:
    """Fill in the provider's form."""
    await page.locator("input[name=login]").fill(name)
    await page.locator("input[name=password]").fill("any")
    await page.get_by_role("button").click()


@contextmanager
def _provider(port: int, home: str) -> Iterator[None]:
    modules, node = os.environ.get("TIELINE_OIDC_MODULES"), os.environ.get("TIELINE_NODE") or shutil.which("node")
    if not modules or not node:
        raise ProviderUnavailable("TIELINE_OIDC_MODULES AND NODE ARE NEEDED")
    environment = {**os.environ, "OIDC_MODULES": modules, "OIDC_PORT": str(port), "OIDC_HOME": home}
    script = Path(__file__).with_name("oidc_provider.mjs")
    process = subprocess.Popen([node, str(script)], env=environment, stdin=subprocess.PIPE)  # noqa: S603 - our own script
    try:
        yield
    finally:
        process.communicate(timeout=10)  # closes what it reads from, by which it knows to go


async def _answers(address: str) -> None:
    async with asyncio.timeout(UP_WITHIN_S), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                await client.get(address)
            except httpx.ConnectError:
                await asyncio.sleep(0.1)
            else:
                return
