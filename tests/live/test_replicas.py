"""Two replicas and two workers behind the real haproxy, one killed every 20 s under load: nothing lost, nothing doubled.

Three kills unless TIELINE_KILL_RUN_S says how long it is to last, in seconds.
"""

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.faults.proxy import late, proxy
from tests.faults.shop_server import Ledger, ledger
from tests.flows.door import LINE, patiently
from tests.flows.replicas import AS_IT_IS, Deployment, Replica, Worker, deployed
from tests.flows.sandbox import Sandbox
from tests.live.front import front_of, program
from tests.live.replicas_load import SECRET, Load

from tieline.kit.clock import utc_now
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.services import api_keys
from tieline.services.api_keys import KeyWish
from tieline.store import migrate
from tieline.store.embedded import EmbeddedPostgres

pytestmark = pytest.mark.live

RUN_S: Final = float(os.environ.get("TIELINE_KILL_RUN_S", "65"))
KILL_EVERY_S: Final = 20.0
DRAINED_WITHIN_S: Final = 180.0
UPSTREAM_S: Final = 0.15
"""How long the other systems think, so that a kill finds something on its way."""
AGENTS: Final = ("1001", "1002", "1003", "1004", "1005", "1006")
CONNECTORS: Final = Path(__file__).parent / "connectors"
KEEP_CALLS: Final = ("east", "west", "notepad")
OPEN_WORK: Final = """
    SELECT (SELECT count(*) FROM inbox_work) + (SELECT count(*) FROM deliveries WHERE state IN ('pending', 'claimed'))
"""

PROMISES: Final = "SELECT key, connection, state, id::text FROM deliveries WHERE operation <> 'ticket.get'"
"""All that changes something in another system; looking at a ticket does not."""

TOLD_TO_RULES: Final = """
    SELECT substr(subject, 6), count(*) FROM events WHERE kind = 'ticket.created' AND subject LIKE 'east:%' GROUP BY 1
"""
"""What the helpdesk said; that the ticket is ours now is an event of its own, under our id."""


@pytest.fixture
def durable_url(request: pytest.FixtureRequest, reachable_folder: Path) -> Iterator[str]:
    """A Postgres with its durable settings. Runs when asked for (`make test-live`); skips, loudly, where there is no haproxy."""
    if "live" not in request.config.option.markexpr:
        pytest.skip("THE KILLING OF REPLICAS DID NOT RUN: IT IS ASKED FOR WITH make test-live")
    if program() is None:
        pytest.skip("THE KILLING OF REPLICAS DID NOT RUN: THERE IS NO haproxy ON THIS MACHINE")
    server = EmbeddedPostgres(reachable_folder)
    try:
        url = server.start()
        migrate.upgrade(url)
        yield url
    finally:
        server.stop()


async def test_nothing_is_lost_or_doubled_while_processes_are_killed(durable_url: str, tmp_path: Path) -> None:
    async with standing(durable_url, tmp_path) as (deployment, load, vendor):
        began_s = time.monotonic()
        running = asyncio.create_task(load.run())
        pairs = zip(deployment.replicas, deployment.workers, strict=True)
        kills = await kill_in_turn([program for pair in pairs for program in pair], began_s=began_s)
        load.enough = True
        await running
        ended_s = time.monotonic()
        await drained(deployment)
        report(load, kills=kills, load_s=ended_s - began_s, drain_s=time.monotonic() - ended_s)
        await judge_webhooks(deployment, load, vendor)
        await judge_calls(deployment, load)
        await judge_effects(deployment, load, vendor)
        assert kills >= int(RUN_S // KILL_EVERY_S)


@asynccontextmanager
async def standing(url: str, folder: Path) -> AsyncIterator[tuple[Deployment, Load, Ledger]]:
    async with ledger() as vendor, proxy(vendor.port, late(UPSTREAM_S)) as between:
        permitted = f"127.0.0.1=127.0.0.0/8:{between.port}"
        async with (
            deployed(
                url,
                folder,
                Sandbox({}, {}),
                replicas=2,
                workers=2,
                set_up=company(between.url),
                private_networks=permitted,
                command=AS_IT_IS,
                auth="on",
            ) as deployment,
            front_of(deployment.replicas, folder / "front.log") as door,
        ):
            door.client.headers["Authorization"] = f"Bearer {await key_of(deployment)}"
            yield deployment, Load(door, AGENTS), vendor


async def key_of(deployment: Deployment) -> str:
    """Return the key of whoever rings and watches: behind a front, nobody gets in without one."""
    wish = KeyWish(name="outside", scopes=tuple(PERMISSIONS), life=timedelta(hours=1))
    asker = Caller(actor="test", role="admin", scopes=frozenset(PERMISSIONS))
    key, _ = await api_keys.create(deployment.database, wish, asker=asker, now=utc_now())
    return key


def company(address: str) -> str:
    """Return the apply file: who is told of tickets (`east`, `west`) and calls (all three), and who has a telephone."""
    wanted = {
        "version": 1,
        "connections": {name: connection(name, address) for name in KEEP_CALLS},
        "tickets": {"systems": ["east", "west"]},
        "lines": {LINE: {"name": "Support", "country": "CN", "language": "zh", "queues": ["support"]}},
        "agents": {name: {"name": f"Agent {name}", "extensions": [name]} for name in AGENTS},
    }
    return str(yaml.safe_dump(wanted, default_flow_style=False))


def connection(name: str, address: str) -> dict[str, Any]:
    kind, secrets = ("notepad", {}) if name == "notepad" else ("counter", {"secret": f"plain:{SECRET}"})
    return {"connector": str(CONNECTORS / kind), "config": {"base_url": address}, "secrets": secrets}


async def kill_in_turn(programs: Sequence[Replica | Worker], *, began_s: float) -> int:
    """Kill one after the other, each started again at once, for as long as the run lasts, and return how many."""
    kills = 0
    for victim in itertools.cycle(programs):
        due_s = (kills + 1) * KILL_EVERY_S
        await asyncio.sleep(max(0.0, began_s + min(due_s, RUN_S) - time.monotonic()))
        if due_s > RUN_S:
            break
        await victim.kill()
        await victim.start()
        kills += 1
    return kills


async def drained(deployment: Deployment) -> None:
    async for _ in patiently("there is still something to do", within_s=DRAINED_WITHIN_S):
        if await deployment.rows(OPEN_WORK) == [(0,)]:
            return
        await asyncio.sleep(0.2)


async def judge_webhooks(deployment: Deployment, load: Load, vendor: Ledger) -> None:
    """Whatever was thanked for was taken once: one arrival, one ticket, one word to rules, one copy in the other system."""
    once = {(ticket, 1) for ticket in load.told}
    arrivals = await deployment.rows("SELECT substr(dedupe_key, 3), count(*) FROM inbox WHERE kind = 'event' GROUP BY 1")
    taken = await deployment.rows("SELECT substr(subject, 8), count(*) FROM tickets GROUP BY 1")
    told = await deployment.rows(TOLD_TO_RULES)
    copies = [
        (ticket, vendor.effects[f"{ticket_id}:west"])
        for ticket_id, ticket in await deployment.rows("SELECT id, substr(subject, 8) FROM tickets")
    ]
    for found in (arrivals, taken, told, copies):
        assert_same(found, once)


async def judge_calls(deployment: Deployment, load: Load) -> None:
    """Every call popped once, in the log and on the screen of its agent, and is one call."""
    once = {(call_id, 1) for call_id in load.rung}
    sent = "SELECT payload->>'call_id', count(*) FROM agent_events WHERE kind = 'pop.show' GROUP BY 1"
    assert_same(await deployment.rows(sent), once)
    heard = [card["call_id"] for screen in load.screens.values() for card in screen.of("pop.show")]
    assert_same([(call_id, heard.count(call_id)) for call_id in set(heard)], once)
    assert_same(await deployment.rows("SELECT call_key, count(*) FROM interactions GROUP BY 1"), once)
    ended = "SELECT call_key, 1 FROM interactions WHERE state = 'ended' AND outcome = 'served'"
    assert_same(await deployment.rows(ended), once)


async def judge_effects(deployment: Deployment, load: Load, vendor: Ledger) -> None:
    """Every effect that was promised came about once, or a person is asked whether it did; nothing else came about."""
    promises = await deployment.rows(PROMISES)
    logs = [connection for key, connection, _, _ in promises if key.startswith("call:")]
    assert {name: logs.count(name) for name in KEEP_CALLS} == dict.fromkeys(KEEP_CALLS, len(load.rung))
    delivered = {key for key, _, state, _ in promises if state == "delivered"}
    unknown = {key: one for key, connection, state, one in promises if (state, connection) == ("unknown", "notepad")}
    assert {key for key, *_ in promises} - delivered - unknown.keys() == set()
    doubled = {key: count for key, count in vendor.effects.items() if count > 1}
    lost = {key for key in delivered if vendor.effects[key] == 0}
    print(f"  effects: {len(delivered)} delivered once, {len(unknown)} asked about, {len(doubled)} doubled, {len(lost)} lost")  # noqa: T201 - N with the claim
    assert (doubled, lost) == ({}, set())
    assert set(vendor.effects) - delivered - unknown.keys() == set(), "nobody promised that"
    asked = await deployment.rows("SELECT subject_key FROM review_items WHERE kind = 'unknown_outcome'")
    assert {one for (one,) in asked} == set(unknown.values())


def assert_same(found: Sequence[tuple[Any, ...]], wanted: set[tuple[str, int]]) -> None:
    assert len(wanted) > 0
    assert (set(found) - wanted, wanted - set(found)) == (set(), set())


def report(load: Load, *, kills: int, load_s: float, drain_s: float) -> None:
    accepted = len(load.hooks.took_s) + len(load.calls.took_s)
    lines = [
        f"{kills} kills in {load_s:.0f} s: {len(load.told)} webhooks, {len(load.rung)} calls, {accepted / load_s:.1f} events/s",
        f"  webhook accepted in {spread(load.hooks.took_s)}; with its retries {spread(load.hooks.waited_s)}",
        f"  call event accepted in {spread(load.calls.took_s)}; ring to card on the screen {spread(load.shown_s)}",
        f"  retries: webhooks {dict(load.hooks.retries)}, call events {dict(load.calls.retries)}",
        f"  {load.hooks.repeated + load.calls.repeated} told twice; drained in {drain_s:.1f} s",
    ]
    print("\n" + "\n".join(lines))  # noqa: T201 - likewise


def spread(seconds: Sequence[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms, most {max(seconds) * 1000:.0f} ms (N={len(seconds)})"
