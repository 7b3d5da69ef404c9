"""A vendor that tells those who subscribed, and forgets them after a week: on a real port, with workers on one database."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from pydantic import SecretStr
from tests.connectors.sample import connector

from tieline.connectors.registry import Catalog
from tieline.services.apply import apply
from tieline.services.house import House
from tieline.settings import Settings
from tieline.wiring import applying, house_of
from tieline.worker.duties import keep_subscriptions

TOKEN: Final = "board-token-0123456789"
PUBLIC_URL: Final = "https://tie.example.com"
WEEK: Final = timedelta(days=7)
UNTIL: Final = {"$time": {"of": "$in.until", "as": "iso"}}
NONE_THERE: Final = [{"when": {"status": [404, 410]}, "is": "not_found"}]
SET_UP: Final = """
version: 1
connections:
  board:
    connector: {folder}
    paused: {paused}
    config: {{base_url: "{url}", topic: {topic}}}
    secrets: {{token: env:TIELINE_TEST_BOARD_TOKEN}}
lines:
  "+861065543800": {{name: Support, country: CN, language: zh, queues: [support]}}
"""


def declare(parent: Path, *, keyed: bool) -> Path:
    """Write a connector that subscribes by a number of its own (asked twice it is one), or by none."""
    number = {"number": "n-1"} if keyed else {}
    subscribe = {"url": "$in.callback_url", "topic": "$config.topic", "until": UNTIL, **number}
    chosen = {"repeatable": "the number is ours"} if keyed else {"none": "it takes no key"}
    given = "$in.subscription_id"
    return connector(
        parent,
        config={
            "base_url": {"title": "t", "type": "url"},
            "token": {"title": "t", "secret": True},
            "topic": {"title": "t", "type": "text"},
        },
        limits={"per_second": 1000, "burst": 1000, "concurrency": 50, "timeout_ms": 20_000},
        operations={
            "event.subscribe": {
                "request": {"method": "POST", "path": "/watches", "json": subscribe},
                "idempotency": chosen,
                "result": {"id": "body.id"},
            },
            "event.renew": {
                "request": {"method": "PUT", "path": f"/watches/{given}", "json": {"until": UNTIL}},
                "idempotency": {"repeatable": "to a given moment"},
                "result": {"id": "body.id"},
                "outcomes": NONE_THERE,
            },
            "event.unsubscribe": {
                "request": {"method": "DELETE", "path": f"/watches/{given}"},
                "idempotency": {"repeatable": "gone is gone"},
                "outcomes": NONE_THERE,
            },
        },
        inbound={
            "event": {
                "verify": {"kind": "static_header", "header": "X-Token", "value": "$config.token"},
                "events": [{"when": {"body.kind": "ping"}, "emit": "nothing"}],
            },
            "subscription": {
                "renew": "event.renew",
                "end": "event.unsubscribe",
                "lifetime_s": int(WEEK.total_seconds()),
                "renew_before_s": 86_400,
            },
        },
    ).folder


@dataclass
class Board:
    """The vendor's side: who is watching, and what was asked. `down` answers 503; `silent` does it and says nothing."""

    watches: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    made: int = 0
    down: bool = False
    silent: bool = False
    forbids: bool = False
    url: str = ""

    async def serve(self, request: web.Request) -> web.Response:
        self.asked[request.method] += 1
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        await asyncio.sleep(0.02)
        if self.down or self.forbids:
            return web.json_response({"secret": TOKEN}, status=503 if self.down else 403)
        told = json.loads(await request.read() or b"{}")
        answer = self._do(request.method, request.path.rpartition("/")[2], told)
        if self.silent and request.transport is not None:
            request.transport.abort()
        return answer

    def _do(self, method: str, number: str, told: dict[str, Any]) -> web.Response:
        if method == "POST":
            self.made += 1
            number = told.get("number", f"w-{self.made}")
            self.watches[number] = told
        elif number not in self.watches:
            return web.json_response({}, status=404)
        elif method == "PUT":
            self.watches[number] |= told
        else:
            del self.watches[number]
        return web.json_response({"id": number})

    def until(self, number: str) -> datetime:
        return datetime.fromisoformat(self.watches[number]["until"])


@dataclass
class Workers:
    """As many as a test starts, over one database, one clock and one board."""

    board: Board
    settings: Settings
    database_url: str
    folder: Path
    houses: list[House]
    now: datetime = datetime(2026, 11, 26, 8, tzinfo=UTC)

    async def apply(self, *, topic: str = "orders", paused: bool = False) -> None:
        """Set it up, and have every worker know."""
        file = self.settings.data_dir / "tieline.yaml"
        file.write_text(SET_UP.format(folder=self.folder, url=self.board.url, topic=topic, paused=str(paused).lower()))
        async with applying(self.settings, self.database_url, Catalog()) as tools:
            await apply(tools, file)
        for house in self.houses:
            await house.directory.reload()

    async def look(self, *, after: timedelta = timedelta(0)) -> int:
        """Let time pass, and have every worker look after the subscriptions at the same moment."""
        self.now += after
        return sum(await asyncio.gather(*(keep_subscriptions(house, self.now) for house in self.houses)))

    def mend(self) -> None:
        """Let every worker trust the vendor again at once."""
        for house in self.houses:
            for connection in house.directory.now.connections.values():
                connection._exchanger.breaker.succeeded(probe=False)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.houses[0].database.pool.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()


@asynccontextmanager
async def working(database_url: str, folder: Path, *, keyed: bool, public_url: str = PUBLIC_URL) -> AsyncIterator[Workers]:
    """Start the board and two workers that know it."""
    board = Board()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", board.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    board.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    permitted = f"127.0.0.1=127.0.0.0/8:{runner.addresses[0][1]}"
    chosen = Settings(
        database_url=SecretStr(database_url), data_dir=folder, auth="off", private_networks=permitted, public_url=public_url
    )
    workers = Workers(board, chosen, database_url, declare(folder, keyed=keyed), [])
    await workers.apply()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        for _ in range(2):
            opened = house_of(chosen, database_url, Catalog(), clock=lambda: workers.now)
            workers.houses.append(await stack.enter_async_context(opened))
        yield workers
