"""A junior agent crawls every route and stream for numbers: theirs to see is the one on their own telephone, and no other."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.flows.door import KNOWN, LINE, NOBODY, PATIENCE_S, REGULAR, SHARED, Json, json_of
from tests.flows.house import RunningHouse, open_house
from tests.flows.sandbox import Sandbox

from tieline.api.gate import session_cookie
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.services import api_keys
from tieline.services.access import Access
from tieline.services.api_keys import KeyRing, KeyWish
from tieline.store.database import Database

ROOT: Final = Caller(actor="test", role="operator", scopes=frozenset(PERMISSIONS))
JUNIOR, COLLEAGUE = "1001", "1002"
FOREIGN: Final = (REGULAR, SHARED, NOBODY, "+861065543900")
"""Numbers on a colleague's telephone, and the other number of the junior's own caller."""

SPELLINGS: Final = re.compile(rb"[\s().\-/\\]|\xe2\x80[\x8b-\x8f]|\xc2\xa0|%20|%2B|\\u00a0")
QUERIES: Final[tuple[Json, ...]] = ({}, {"limit": "200"}, {"kind": "unknown_caller"}, *({"phone": one} for one in FOREIGN))
BODIES: Final[tuple[Json, ...]] = (
    {},
    {"ref": "crm:LC-1", "remember": True},
    {"call_id": "x", "type": "ringing", "from": REGULAR, "to": LINE, "agent": COLLEAGUE, "at": "2026-11-22T10:00:00Z"},
    {"name": "k", "scopes": ["audit.read"], "code": "guess", "reason": "spam"},
    {"disposition": "resolved"},
)
READ_S: Final = 0.7
"""How long a stream is listened to after the last it told."""


@dataclass
class Crawl:
    """Everything that came back."""

    client: httpx.AsyncClient
    seen: dict[str, bytes]

    async def ask(self, method: str, target: str, **options: Any) -> None:  # noqa: ANN401 - options of httpx
        """Send one request and keep everything that came back."""
        answer = await self.client.request(method, target, **options)
        assert answer.status_code < 500, (method, target, answer.text)
        headers = b"\n".join(b": ".join(pair) for pair in answer.headers.raw)
        self.seen[f"{len(self.seen)} {method} {target}"] = b"%d\n" % answer.status_code + headers + b"\n\n" + answer.content


@pytest.fixture
async def guarded(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[RunningHouse]:
    """The demo's company with its doors shut."""
    async with open_house(database_url, tmp_path, sandbox, auth="on") as running:
        key, _ = await api_keys.create(
            running.database,
            KeyWish(name="test", scopes=tuple(PERMISSIONS), agent=None, life=timedelta(hours=1)),
            asker=ROOT,
            now=running.clock(),
        )
        running.client.headers["Authorization"] = f"Bearer {key}"
        yield running


async def session_of(house: RunningHouse, agent: str) -> dict[str, str]:
    database: Database = house.database
    access = Access(
        database=database, keys=KeyRing(database, clock=house.clock), agent_of=house.house.agent, auth="on", clock=house.clock
    )
    token, _ = await access.open_session(agent)
    return {"Cookie": f"{session_cookie(tls=False)}={token}"}


async def a_morning(house: RunningHouse) -> dict[str, list[str]]:
    """Let the junior have one caller, and a colleague three; return every id there is."""
    for number, caller in enumerate((REGULAR, SHARED, NOBODY)):
        async with house.screen(COLLEAGUE) as screen:
            await house.tell("ringing", f"theirs-{number}", agent=COLLEAGUE, **{"from": caller})
            await screen.until(lambda heard, number=number: heard.told_of(f"theirs-{number}")[-1]["status"] == "complete")  # type: ignore[misc] # bound now
        await house.tell("answered", f"theirs-{number}", agent=COLLEAGUE, **{"from": caller})
        await house.tell("ended", f"theirs-{number}", outcome="served", **{"from": caller})
    await house.settle()
    house.clock.ahead = timedelta(0)
    async with house.screen(JUNIOR) as screen:
        await house.tell("ringing", "mine", agent=JUNIOR)
        await screen.until(lambda heard: heard.card["status"] == "complete")
    columns = {
        "call_id": "SELECT call_key FROM interactions WHERE call_key IN ('mine', 'theirs-0')",
        "pop_id": "SELECT id FROM pops WHERE call_id IN ('mine', 'theirs-0')",
        "item_id": "SELECT id::text FROM review_items LIMIT 1",
        "key_id": "SELECT id FROM api_keys",
        "connection": "SELECT name FROM connections",
    }
    found = {name: [row[0] for row in await house.rows(query)] for name, query in columns.items()}
    return found | {"agent": [JUNIOR, COLLEAGUE], "secret": ["guess"]}


def operations(openapi: Json) -> Iterator[tuple[str, str]]:
    """Yield method and path of everything; but for what would end the crawler's own session."""
    for path, methods in openapi["paths"].items():
        for method in methods:
            if method in {"get", "post", "put", "patch", "delete"} and not (method == "delete" and "/sessions" in path):
                yield method.upper(), path


def filled(path: str, known: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the path with every combination of ids the crawler knows."""
    names = re.findall(r"\{(\w+)(?::path)?\}", path)
    for values in itertools.product(*(known.get(name, ["1"]) for name in names)):
        target = path
        for name, value in zip(names, values, strict=True):
            target = re.sub(rf"\{{{name}(:path)?\}}", lambda _, value=value: value, target)  # type: ignore[misc] # bound now
        yield target


def requests(openapi: Json, known: Mapping[str, list[str]]) -> Iterator[tuple[str, str, Json]]:
    """Yield everything the interface can be asked, and what a curious person would send; exchanges prove themselves otherwise."""
    for method, path in operations(openapi):
        sent = [{"params": query} for query in QUERIES] if method == "GET" else [{"json": body} for body in BODIES]
        for target in filled(path, known):
            if not (target.endswith("/pops") or path.startswith("/v1/cti")):
                yield from ((method, target, options) for options in (sent[:1] if "{" in path and method == "GET" else sent))
    for page in ("/", "/desk", f"/desk?agent={COLLEAGUE}", *(f"/pop/{pop}?code=guess" for pop in known["pop_id"])):
        yield "GET", page, {}
    for number, accept in itertools.product((*FOREIGN, KNOWN), ("application/json", "text/html")):
        asked = {"phone": number, "agent": JUNIOR, "line": LINE}
        yield "GET", "/v1/screen-pop", {"params": asked, "headers": {"Accept": accept}}


async def listen(crawler: Crawl, agent: str) -> None:
    """Read a stream, from now and from its very beginning."""
    for headers in ({}, {"Last-Event-ID": "0"}, {"Last-Event-ID": "1"}):
        heard = bytearray()
        with suppress(TimeoutError):
            async with (
                asyncio.timeout(PATIENCE_S) as patience,
                crawler.client.stream("GET", f"/v1/agents/{agent}/pops", headers=headers) as answer,
            ):
                async for chunk in answer.aiter_bytes():
                    heard += chunk
                    patience.reschedule(asyncio.get_running_loop().time() + READ_S)
        crawler.seen[f"stream of {agent} {headers}"] = bytes(heard)


def digits_of(number: str) -> bytes:
    """Return what all spellings of a number share: its national digits."""
    return number.removeprefix("+86").encode()


async def test_no_number_of_anybody_elses_caller_is_in_any_byte(guarded: RunningHouse) -> None:
    known = await a_morning(guarded)
    openapi = json_of(await guarded.client.get("/openapi.json"))
    async with httpx.AsyncClient(
        base_url=guarded.url, headers=await session_of(guarded, JUNIOR), timeout=10, trust_env=False
    ) as client:
        crawler = Crawl(client, {})
        for method, target, options in requests(openapi, known):
            await crawler.ask(method, target, **options)
        for agent in (JUNIOR, COLLEAGUE):
            await listen(crawler, agent)
    joined = {name: SPELLINGS.sub(b"", found) for name, found in crawler.seen.items()}
    assert {(name, number) for name, found in joined.items() for number in FOREIGN if digits_of(number) in found} == set()
    assert [name for name in joined if "stream" in name and digits_of(KNOWN) in joined[name]], "their own caller they do see"
    told: dict[str, set[bytes]] = {}
    for name, found in crawler.seen.items():
        if "theirs-0" in name:
            told.setdefault(name.partition(" ")[2], set()).add(found[:3])
    refused = {name: statuses - {b"422"} for name, statuses in told.items()}
    assert {name: statuses for name, statuses in refused.items() if not statuses or statuses - {b"403", b"404", b"405"}} == {}
    assert len({found[:3] for found in crawler.seen.values()}) > 3
