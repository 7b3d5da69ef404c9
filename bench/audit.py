"""How fast a large audit trail is searched, told of after a breach, and walked, on the embedded Postgres.

    python bench/audit.py                      ten million entries
    python bench/audit.py --rows 1000000       fewer

Prints seconds of: the newest entries of a subject and of an actor, everything of either, the breach pack's two statements over
a day and over everything, and entries a second of walking a sealed chain. The goal is a minute for any search, and 100,000
entries a second for the walk.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tieline.security.audit_signing import AuditSigner
from tieline.security.secret_box import SecretBox
from tieline.services import audit_chain
from tieline.store import audit_trail, breach, migrate
from tieline.store.audit_trail import AuditFilter
from tieline.store.breach import Period
from tieline.store.database import Database
from tieline.store.embedded import EmbeddedPostgres
from tieline.store.patience import take_time, take_time_on

PEOPLE, AGENTS = 1_000_000, 500
SEALED = 300_000
WALKS = 5
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
FILL = """
    INSERT INTO audit_entries (at, actor, actor_role, action, subject, call_id, details)
    SELECT %(since)s + n * interval '2 seconds', 'agent:' || n %% 500, 'agent', 'pop.shown', 'crm:' || (n * 7919) %% 1000000,
        'c-' || n, jsonb_build_object('agent', n %% 500, 'number', 'phone#' || md5(n::text), 'systems', '["crm", "erp"]'::jsonb)
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Database]:
    """Give an empty database at head."""
    server = EmbeddedPostgres(folder, settings={"fsync": "off", "max_wal_size": "4GB"})
    url = await asyncio.to_thread(server.start)
    await asyncio.to_thread(migrate.upgrade, url)
    database = await Database.open(url, pool_size=4)
    try:
        yield database
    finally:
        await database.aclose()
        await asyncio.to_thread(server.stop)


async def fill(database: Database, first: int, last: int) -> None:
    """Write entries with these numbers, a million at once."""
    async with database.pool.connection() as connection, connection.transaction():
        await take_time_on(connection)
        for start in range(first, last + 1, 1_000_000):
            values = {"since": SINCE, "first": start, "last": min(start + 999_999, last)}
            await connection.execute(FILL.encode(), values)


async def timed(what: str, work: Callable[[], Awaitable[int]]) -> None:
    """Print how long something took, and how many rows it found."""
    begun = time.perf_counter()
    rows = await work()
    print(f"{what}: {time.perf_counter() - begun:.2f} s, {rows} rows")


async def page(database: Database, wanted: AuditFilter, *, limit: int) -> int:
    """Read entries as the interface does."""
    async with database.begin() as conn:
        await take_time(conn)
        return len(await audit_trail.page(conn, wanted, before=None, limit=limit))


async def told(database: Database, period: Period) -> int:
    """Ask what a breach pack asks, and return how many people it names."""
    async with database.pool.connection() as connection, connection.transaction():
        await breach.who(connection, period)
        return sum([len(lot) async for lot in breach.whom(connection, period)])


async def walk(database: Database, folder: Path) -> None:
    """Seal what is there, and print how fast the chain is walked."""
    signer = AuditSigner.of(SecretBox({1: bytes(32)}))
    sealed = await audit_chain.seal_new(database, signer, now=SINCE)
    for _ in range(WALKS):
        begun, own, theirs = time.perf_counter(), time.process_time(), cpu_of_postgres(folder)
        verdict = await audit_chain.verify(database, signer.checker, now=SINCE)
        took, own, theirs = time.perf_counter() - begun, time.process_time() - own, cpu_of_postgres(folder) - theirs
        each = 1e6 / verdict.checked
        print(f"walked {verdict.checked} of {sealed} entries, sound: {verdict.sound}, {verdict.checked / took:,.0f} a second")
        print(f"  of each {own * each:.1f} µs of our CPU, {theirs * each:.1f} of Postgres'; load {os.getloadavg()[0]:.1f}")


def cpu_of_postgres(folder: Path) -> float:
    """Return the seconds of processor time that the server and all it started have used so far."""
    server = int((folder / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, _, rest = stat.read_text().partition(" (")
            fields = rest.rpartition(") ")[2].split()
            if server in {int(pid), int(fields[1])}:
                ticks += sum(int(field) for field in fields[11 : 15 if int(pid) == server else 13])
    return ticks / os.sysconf("SC_CLK_TCK")


async def measure(rows: int) -> None:
    """Fill a database of its own, and measure."""
    with tempfile.TemporaryDirectory() as made:
        os.chmod(made, 0o755)  # noqa: PTH101, S103 - run by root, Postgres runs as nobody
        async with opened(Path(made) / "data") as database:
            await fill(database, 1, min(rows, SEALED))
            await walk(database, Path(made) / "data" / "postgres" / "cluster")
            begun = time.perf_counter()
            await fill(database, min(rows, SEALED) + 1, rows)
            async with database.pool.connection() as connection, connection.transaction():
                await take_time_on(connection)
                await connection.execute(b"ANALYZE audit_entries")
            print(f"filled to {rows} in {time.perf_counter() - begun:.0f} s; load {os.getloadavg()[0]:.1f}")
            day = Period(SINCE + timedelta(days=3), SINCE + timedelta(days=4))
            whole = Period(SINCE, SINCE + timedelta(days=4_000))
            await timed("newest 200 of a subject", lambda: page(database, AuditFilter(subject="crm:7919"), limit=200))
            await timed("newest 200 of an actor", lambda: page(database, AuditFilter(actor="agent:7"), limit=200))
            await timed("everything of an actor", lambda: page(database, AuditFilter(actor="agent:7"), limit=1_000_000))
            await timed("one actor's subjects, all time", lambda: told(database, Period(whole.since, whole.until, "agent:7")))
            await timed("breach pack of a day", lambda: told(database, day))
            await timed("breach pack of everything", lambda: told(database, whole))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    asyncio.run(measure(parser.parse_args().rows))
