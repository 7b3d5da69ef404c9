"""A desk in a real browser: one server with the real pages for all tests, one agent per test."""

import asyncio
import itertools
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright, expect
from tests.browser import recorded
from tests.conftest import address_of, run_on_server
from tests.ports import free_port

from tieline.domain.agent_event import AgentEvent, AgentEventKind
from tieline.push.channel import Channel
from tieline.store.agent_events import AgentEventLog
from tieline.store.database import Database

START_TIMEOUT_S = 30
WITHOUT_BROWSER = "BROWSER TESTS WERE NOT RUN: NO CHROMIUM IS INSTALLED HERE"
WITH_SANDBOX_OFF = ["--no-sandbox"]
AGENTS = itertools.count(5001)

expect.set_options(timeout=30_000)
"""A busy machine is no reason to fail."""


@dataclass
class Server:
    """The desk server in a process of its own, so that it can be killed."""

    database_url: str
    auth: str = "off"
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.port = self.port or free_port()
        command = [sys.executable, "-m", "tests.browser.desk_server", "--database", self.database_url]
        command += ["--port", str(self.port), "--auth", self.auth]
        self.process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL)  # noqa: S603 - our own
        for _ in range(START_TIMEOUT_S * 20):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, "the desk server ended at once"
            self.process_wait(0.05)
        pytest.fail("the desk server did not start")

    def process_wait(self, seconds: float) -> None:
        assert self.process is not None
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Desk:
    """One agent's desk: pages that show it, and what publishes to it from another replica."""

    server: Server
    channel: Channel[Any]
    browser: Browser
    agent: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    _contexts: list[BrowserContext] = field(default_factory=list)

    async def context(self, **options: Any) -> BrowserContext:  # noqa: ANN401 - Playwright's own options
        given = {"locale": "en-US", "viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options}
        context = await self.browser.new_context(**given)
        context.set_default_timeout(30_000)
        context.on("request", lambda request: self.hosts.add(host_of(request)))
        self._contexts.append(context)
        return context

    async def open(self, context: BrowserContext | None = None, path: str = "", **options: Any) -> Page:  # noqa: ANN401
        page = await (context or await self.context(**options)).new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.server.base + (path or f"/desk?agent={self.agent}"))
        return page

    async def ready(self, context: BrowserContext | None = None, **options: Any) -> Page:  # noqa: ANN401
        """Open the desk and wait until it is connected."""
        page = await self.open(context, **options)
        await page.locator('.link-state[data-state="live"]').wait_for()
        return page

    async def show(self, pop: recorded.Json, *, seq: int = 1) -> None:
        await self._publish("pop.show", seq, pop)

    async def change(self, pop: recorded.Json, *, seq: int) -> None:
        await self._publish("pop.update", seq, pop)

    async def withdraw(self, pop_id: str, reason: str, *, seq: int = 99) -> None:
        await self._publish("pop.withdraw", seq, {"pop_id": pop_id, "reason": reason})

    def noted(self) -> dict[str, list[list[Any]]]:
        """What the server was told: acknowledged [agent, pop] and chosen [pop, ref, remember]."""
        with urlopen(f"{self.server.base}/test/pops", timeout=5) as answer:  # noqa: S310 - our own server
            found: dict[str, list[list[Any]]] = orjson.loads(answer.read())
        return found

    async def acknowledged(self, pop_id: str) -> None:
        """Wait for the acknowledgement of a pop."""
        for _ in range(1500):
            if [self.agent, pop_id] in self.noted()["acknowledged"]:
                return
            await asyncio.sleep(0.02)
        pytest.fail(f"{pop_id} was never acknowledged")

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()

    async def _publish(self, kind: AgentEventKind, seq: int, payload: recorded.Json) -> None:
        await self.channel.publish(AgentEvent(self.agent, kind, payload["pop_id"], seq, payload))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


def host_of(request: Request) -> str:
    return request.url.split("/")[2]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is; without one the test is skipped, loudly."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip(WITHOUT_BROWSER)
    return found


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=WITH_SANDBOX_OFF)
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
def desk_database_url(chromium: str, postgres_url: str, template_database: str) -> Iterator[str]:
    del chromium  # without a browser nothing else is started
    name = f"tieline_desk_{uuid.uuid4().hex[:12]}"
    run_on_server(postgres_url, "CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log", name, template_database)
    yield address_of(postgres_url, name)
    run_on_server(postgres_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
def server(desk_database_url: str) -> Iterator[Server]:
    running = Server(desk_database_url)
    running.start()
    yield running
    running.kill()


@asynccontextmanager
async def desk_on(server: Server, browser: Browser, agent: str) -> AsyncIterator[Desk]:
    """A desk on this server; publishes as a replica of its own."""
    database = await Database.open(server.database_url, pool_size=2)
    desk = Desk(server, Channel(AgentEventLog(database)), browser, agent)
    try:
        yield desk
    finally:
        await desk.close()
        await desk.channel.aclose()
        await database.aclose()


@pytest.fixture
async def desk(server: Server, browser: Browser) -> AsyncIterator[Desk]:
    async with desk_on(server, browser, str(next(AGENTS))) as one:
        yield one
