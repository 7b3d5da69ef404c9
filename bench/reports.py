"""What a report costs as calls grow, what counting adds to a call, and whether the figures are those of an independent reckoning.

    python bench/reports.py                  10^4 to 10^6 calls
    python bench/reports.py --largest 7      also 10^7 (hours on a small machine; --smallest 7 for it alone)

For each size a database of its own is filled with a year of calls of 500 agents in 25 teams, one in twenty with an answer.
Written down: how long writing the calls took with the triggers and without, how long counting them took, and how long each report
over the whole year takes, the first read and the median of five. At the sizes up to a million every figure is worked out once
more in plain Python from the raw rows, by the formulas of `domain/kpi_calls.py`, which share nothing with the SQL that counts; a
difference ends the run.
"""

import argparse
import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from tieline.domain.kpi_calls import (
    Contact,
    Handling,
    Wait,
    abandonment_rate,
    average_handle_time,
    first_contact_resolution,
    service_level,
)
from tieline.security.permissions import Caller
from tieline.services.directory import Directory
from tieline.services.reports.asking import Question, ask
from tieline.services.reports.counting import count_anew
from tieline.services.reports.rows import behind
from tieline.services.tickets.desk import TicketDesk
from tieline.store import migrate
from tieline.store.database import Database, driver
from tieline.store.embedded import EmbeddedPostgres

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 2, 1, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
BOSS = Caller(actor="bench", role="service", scopes=frozenset({"reports.read", "agents.any", "teams.any"}))
SMALL = 1_000_000
"""Calls up to which everything is also written a second time, with the triggers, and reckoned a second time, in Python."""
ROUNDS = 5
POSTGRES = {"shared_buffers": "4GB", "max_wal_size": "16GB", "checkpoint_timeout": "30min"}
"""As much memory as a house with millions of calls gives it; the embedded one's own 32 MB are for a demo."""
CALLS = """
    INSERT INTO interactions (id, provider, call_key, direction, customer_e164, queue, line, state, outcome, started_at, ended_at,
        last_event_at, talk_s, wait_s)
    SELECT gen_random_uuid(), 'pbx', n::text, 'inbound',
        '+8613' || lpad((abs(hashint8(n)::bigint) %% (%(calls)s / 4))::text, 9, '0'),
        (ARRAY['sales', 'support', 'billing'])[1 + n %% 3], '+861065543800', 'ended',
        (ARRAY['served', 'served', 'served', 'served', 'abandoned_queue', 'missed_agent', 'abandoned_short'])[1 + n %% 7],
        at, at + interval '5 minutes', at + interval '5 minutes', 30 + (n %% 500)::int, (n %% 60)::int
    FROM generate_series(1::bigint, %(calls)s) AS n, LATERAL (
        SELECT %(first)s + abs(hashint8(n * 7)::bigint) %% 31536000 * interval '1 second' AS at) AS t
"""
LEGS = """
    INSERT INTO legs (id, interaction_id, leg_key, agent, kind, state, answered_at)
    SELECT gen_random_uuid(), id, 'a', (1001 + call_key::bigint % 500)::text, 'agent', 'ended', started_at
    FROM interactions WHERE outcome = 'served'
"""
ANSWERS = """
    INSERT INTO feedback (id, kind, score, channel, interaction_id, agent, causes, at, received_at, received_by)
    SELECT gen_random_uuid(), 'csat', 1 + n % 5, 'ivr', i.id, l.agent,
        CASE WHEN n % 2 = 0 THEN ARRAY['cause.' || n % 40] ELSE '{}' END, i.ended_at, i.ended_at, 'bench'
    FROM (SELECT *, call_key::bigint / 20 AS n FROM interactions WHERE call_key::bigint % 20 = 0) AS i
        LEFT JOIN legs AS l ON l.interaction_id = i.id
"""
AGENTS = """
    INSERT INTO agents (id, definition, updated_at) SELECT n::text, jsonb_build_object('team', 'team ' || n % 25), now()
    FROM generate_series(1001, 1500) AS n
"""
ALIASES = "INSERT INTO call_aliases SELECT 'pbx', call_key, id, 'given' FROM interactions"
REPORTS: tuple[tuple[str, str | None, dict[str, str]], ...] = (
    ("kpis", "day", {}), ("kpis", "weekday_hour", {}), ("kpis", "weekday_hour", {"team": "team 7"}),
    ("kpis", "day", {"queue": "sales"}), ("kpis", "team", {}), ("kpis", "queue", {"team": "team 7"}),
    ("agents", None, {}), ("queues", None, {}), ("fcr", "week", {}), ("causes", None, {}),
)  # fmt: skip


OPENED = Question(report="agents", since=FIRST.date(), until=FIRST.date() + timedelta(days=365), only={"agent": "1007"})


@dataclass
class Size:
    """What was measured at one number of calls; seconds."""

    calls: int
    unmarked: float
    written: float | None
    counted: float
    reports: dict[str, tuple[float, float]]


def main() -> None:
    """Run every size and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=6, help="the power of ten to stop at")
    parser.add_argument("--smallest", type=int, default=4, help="the power of ten to begin at")
    given = parser.parse_args()
    sizes = [asyncio.run(one_size(10**power)) for power in range(given.smallest, given.largest + 1)]
    show(sizes)


async def one_size(calls: int) -> Size:
    """Fill a database, count, ask, and reckon again."""
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)  # noqa: ASYNC240 - nothing else runs
        postgres = EmbeddedPostgres(place / "data", settings=POSTGRES)
        try:
            url = postgres.start()
            migrate.upgrade(url)
            database = await Database.open(url, pool_size=2)
            try:
                return await measured(database, calls)
            finally:
                await database.aclose()
        finally:
            postgres.stop()


async def measured(database: Database, calls: int) -> Size:
    """Return what `calls` calls cost in an empty database."""
    directory = SimpleNamespace(now=Directory())
    desk = TicketDesk(database, cast("Any", directory), lambda: NOW)
    await run(database, AGENTS)
    unmarked = await write(database, calls, marked=False)
    written = await written_anew(database, calls) if calls <= SMALL else None
    await run(database, "ANALYZE")
    began = time.perf_counter()
    await count_anew(desk, now=NOW, told=lambda _done, _all: None)
    counted = time.perf_counter() - began
    await run(database, "ANALYZE")
    questions = [question(*given) for given in REPORTS]
    reports = {named(one): await asked(partial(ask, desk, one, by=BOSS)) for one in questions}
    reports["an agent's calls, opened"] = await asked(partial(behind, desk, OPENED, "calls", by=BOSS, before=None, limit=50))
    if calls <= SMALL:
        await compare(desk)
    print(f"{calls:,} calls: written, counted, asked, and as reckoned" if calls <= SMALL else f"{calls:,} calls: asked")
    return Size(calls, unmarked, written, counted, reports)


async def written_anew(database: Database, calls: int) -> float:
    """Return how long writing the same calls takes where each is marked to be counted."""
    await run(database, "TRUNCATE interactions, feedback, report_marks CASCADE")
    return await write(database, calls, marked=True)


async def write(database: Database, calls: int, *, marked: bool) -> float:
    """Write the calls as ended; return how long the calls and their legs took."""
    await run(database, f"ALTER TABLE interactions {'ENABLE' if marked else 'DISABLE'} TRIGGER USER")
    await run(database, f"ALTER TABLE legs {'ENABLE' if marked else 'DISABLE'} TRIGGER USER")
    began = time.perf_counter()
    await run(database, CALLS, {"calls": calls, "first": FIRST})
    await run(database, LEGS)
    took = time.perf_counter() - began
    await run(database, ALIASES)
    await run(database, ANSWERS)
    return took


async def run(database: Database, statement: str, values: dict[str, object] | None = None) -> None:
    """Run one statement however long it takes."""
    async with database.begin() as tx:
        connection = await driver(tx)
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute(statement.encode(), values)


async def asked(ask_once: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return how long a report takes the first time, and the median of the next ones."""
    taken = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        await ask_once()
        taken.append(time.perf_counter() - began)
    return taken[0], median(taken[1:])


def question(name: str, group: str | None, only: Mapping[str, str]) -> Question:
    """Ask for the whole year."""
    last = FIRST.date() + timedelta(days=365)
    return Question(**cast("Any", {"report": name, "group_by": group, "only": only, "since": FIRST.date(), "until": last}))


def named(asked: Question) -> str:
    """Say in words what is asked."""
    return " ".join([asked.report, "by", asked.groups, *(f"of {value}" for value in asked.only.values())])


async def compare(desk: TicketDesk) -> None:
    """Work the figures out of the raw rows once more, by queue, by agent and in all. Raises: SystemExit: one of them differs."""
    async with desk.database.pool.connection() as connection, connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = 0")
        raw = await (
            await connection.execute(
                "SELECT i.started_at, i.outcome, i.customer_e164, i.queue, i.talk_s, i.wait_s, l.agent"
                " FROM interactions AS i LEFT JOIN legs AS l ON l.interaction_id = i.id"
            )
        ).fetchall()
    for group, place in (("queue", 3), ("agent", 6)):
        report = await ask(desk, question("kpis", group, {}), by=BOSS)
        groups: defaultdict[str | None, list[Any]] = defaultdict(list)
        for row in raw:
            groups[row[place]].append(row)
        told = {row[group]: row for row in report.rows}
        for key, rows in groups.items():
            expect(told[key], rows, of_agent=group == "agent", where=f"{group} {key}")
    expect(report.total, raw, of_agent=False, where="all", followed=raw)


def expect(told: Any, rows: list[Any], *, of_agent: bool, where: str, followed: list[Any] | None = None) -> None:  # noqa: ANN401
    """Compare one group's figures. First contact resolution is reckoned of all: a call of one queue follows another's."""
    figures = {
        "calls": len(rows),
        "aht_s": average_handle_time([Handling(row[4]) for row in rows if row[1] == "served"]),
        "abandonment": None if of_agent else abandonment_rate(row[1] for row in rows),
        "service_level": None if of_agent else service_level(Wait(row[1], row[5]) for row in rows),
    }
    if followed is not None:
        contacts = [Contact(row[0], row[1], None, row[2], None) for row in followed]
        figures["fcr"] = first_contact_resolution(contacts, shared=(), now=NOW)
    for name, value in figures.items():
        wanted = round(value, 2) if isinstance(value, float) else value
        if told[name] != wanted:
            raise SystemExit(f"{where}: {name} is {told[name]}, reckoned {wanted}")


def show(sizes: list[Size]) -> None:
    """Print what writing and counting a call costs, and the reports: the first read, the next ones, and their growth."""
    for size in sizes:
        per_call = 1e6 / size.calls
        marks = f", with its marks {size.written / size.unmarked:.2f} times that" if size.written else ""
        costs = f"{size.unmarked * per_call:.0f} us to write one{marks}, {size.counted * per_call:.0f} us to count it"
        print(f"{size.calls:>12,} calls: {costs}")
    print(f"\n{'':<28}" + "".join(f"{size.calls:>22,}" for size in sizes) + f"{'grown':>10}")
    for name in sizes[0].reports:
        told = "".join(f"{first * 1000:>10.0f} /{rest * 1000:>7.0f} ms" for first, rest in (size.reports[name] for size in sizes))
        print(f"{name:<28}{told}{sizes[-1].reports[name][1] / sizes[0].reports[name][1]:>9.1f}x")


if __name__ == "__main__":
    main()
