"""What a durable audit row costs: the ORM, Core, a raw pool, and the journal's group commit, with 1, 16 and 64 callers.

    python bench/journal.py [--rows 4000]

Same table, same row, same embedded Postgres with fsync on; the ways take turns so that a busy machine is unfair to none.
Prints rows per second, CPU per row of this process, and both relative to the ORM.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from tieline.kit.clock import utc_now
from tieline.store import migrate
from tieline.store.database import Database
from tieline.store.embedded import EmbeddedPostgres
from tieline.store.journal import Append, AuditRow, Journal
from tieline.store.tables import audit_entries

CALLERS = (1, 16, 64)
ROUNDS = 3
POOL = 16
Write = Callable[[int], Awaitable[None]]


class Base(DeclarativeBase):
    """What people start with."""


class AuditEntry(Base):
    """The audit table as an ORM class."""

    __table__ = audit_entries


@dataclass(slots=True)
class Cost:
    """Sums over the rounds."""

    rows: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0


def row(number: int) -> dict[str, Any]:
    """Return one audit row."""
    return {
        "at": utc_now(),
        "actor": "1001",
        "actor_role": "agent",
        "action": "screen_pop.shown",
        "subject": f"crm:{number}",
        "call_id": f"c-{number}",
        "details": {"fields": ["name", "tier"], "blocks": 3},
    }


def ways(database: Database, sessions: async_sessionmaker[AsyncSession]) -> Mapping[str, Write]:
    """Return each way to write one row durably."""
    journal = Journal(database.pool)

    async def by_orm(number: int) -> None:
        async with sessions() as session:
            session.add(AuditEntry(**row(number)))
            await session.commit()

    async def by_core(number: int) -> None:
        async with database.begin() as tx:
            await tx.execute(insert(audit_entries).values(**row(number)))

    async def by_raw_pool(number: int) -> None:
        values = row(number)
        async with database.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO audit_entries (at, actor, actor_role, action, subject, call_id, details) "
                "VALUES (%(at)s, %(actor)s, %(actor_role)s, %(action)s, %(subject)s, %(call_id)s, %(details)s)",
                {**values, "details": Jsonb(values["details"])},
            )

    async def by_journal(number: int) -> None:
        await journal.append(Append(audit=AuditRow(**row(number))))

    return {"ORM": by_orm, "Core": by_core, "raw pool": by_raw_pool, "journal": by_journal}


async def write_many(write: Write, *, callers: int, rows: int, cost: Cost) -> None:
    """Let so many callers write one row after another, and add up what it took."""
    numbers = iter(range(rows))

    async def caller() -> None:
        for number in numbers:
            await write(number)

    wall_s, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(callers)))
    cost.rows += rows
    cost.wall_s += time.perf_counter() - wall_s
    cost.cpu_s += time.process_time() - cpu_s


async def run(url: str, rows: int) -> None:
    """Measure every way with every number of callers."""
    database = await Database.open(url, pool_size=2 * POOL, acquire_timeout_s=30)
    engine = create_async_engine(url, pool_size=POOL, max_overflow=0)
    every_way = ways(database, async_sessionmaker(engine))
    print(f"{'callers':>7}  {'way':<9} {'rows/s':>8} {'CPU µs':>7}   relative to the ORM")
    for callers in CALLERS:
        costs = {name: Cost() for name in every_way}
        for write in every_way.values():
            await write_many(write, callers=callers, rows=rows // 10, cost=Cost())
        for _ in range(ROUNDS):
            for name, write in every_way.items():
                await write_many(write, callers=callers, rows=rows // ROUNDS, cost=costs[name])
        show(callers, costs)
    await engine.dispose()
    await database.aclose()


def show(callers: int, costs: Mapping[str, Cost]) -> None:
    """Print one block of the table."""
    floor = costs["ORM"]
    for name, cost in costs.items():
        rate, cpu_us = cost.rows / cost.wall_s, cost.cpu_s / cost.rows * 1e6
        faster, cheaper = rate * floor.wall_s / floor.rows, floor.cpu_s / floor.rows * 1e6 / cpu_us
        print(
            f"{callers:>7}  {name:<9} {rate:>8.0f} {cpu_us:>7.0f}   {faster:.1f}× the rows, 1/{cheaper:.1f} of the CPU",
            flush=True,
        )


def main() -> None:
    """Run on a fresh embedded server with its durable settings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4_000, help="rows per way and number of callers")
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "data")
        url = server.start()
        try:
            migrate.upgrade(url)
            asyncio.run(run(url, parser.parse_args().rows))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
