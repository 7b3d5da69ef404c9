"""How the look-up of a number grows with the index: 10⁴ rows and up, one caller, prepared, on the embedded Postgres.

    python bench/identity_index.py                 10^4 to 10^6 rows, under a minute
    python bench/identity_index.py --largest 7     up to 10^7 rows, some minutes and 4 GB of disk

Prints the median and 99th percentile of three kinds of look-up, and what the largest index costs relative to the smallest.
The goal is at most 2.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median, quantiles

from tieline.kit.clock import utc_now
from tieline.store import migrate
from tieline.store.database import Database
from tieline.store.embedded import EmbeddedPostgres
from tieline.store.memory import Memory, Recall, Recalled

SPREAD = 7_919
"""Coprime to 10^8, so that consecutive rows get distinct numbers far apart, as customers' numbers are."""

FILL = """
INSERT INTO identity_keys (e164, connection, external_kind, external_id, last8, display_name, tier, tags, seen_at)
SELECT '+86138' || digits, 'crm', 'customer', n::text, digits, 'Customer ' || n, 'regular', '{vip}', now()
FROM (SELECT n, lpad((n::bigint * %s %% 100000000)::text, 8, '0') AS digits
      FROM generate_series(%s::int, %s::int) AS n) AS numbers
"""
LOOK_UPS = 3_000
Ask = Callable[[str], Awaitable[Recalled]]


def digits(row: int) -> str:
    """Return the eight digits the row's number ends with."""
    return f"{row * SPREAD % 100_000_000:08}"


async def fill(database: Database, first: int, last: int) -> None:
    """Write rows `first` to `last`, and let Postgres look at what it has."""
    async with database.pool.connection() as connection:
        await connection.execute("SET statement_timeout = 0")
        for start in range(first, last + 1, 500_000):
            await connection.execute(FILL, (SPREAD, start, min(start + 499_999, last)))
        await connection.execute("VACUUM (ANALYZE) identity_keys")
        await connection.execute("CHECKPOINT" if await is_superuser(database) else "SELECT 1")


async def is_superuser(database: Database) -> bool:
    """Say whether we may ask for a checkpoint."""
    async with database.pool.connection() as connection:
        row = await (await connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).fetchone()
    return bool(row and row[0])


async def time_each(ask: Ask, numbers: list[str]) -> list[float]:
    """Return what each look-up took, in microseconds."""
    taken = []
    for number in numbers:
        started = time.perf_counter()
        await ask(number)
        taken.append((time.perf_counter() - started) * 1e6)
    return taken


async def measure(database: Database, rows: int) -> dict[str, list[float]]:
    """Time a known number, an unknown one, and one known only by its last eight digits."""
    chance = random.Random(rows)
    sample = [chance.randint(1, rows) for _ in range(LOOK_UPS)]
    kinds = {
        "known": [f"+86138{digits(row)}" for row in sample],
        "unknown": [f"+86199{chance.randint(0, 99_999_999):08}" for _ in sample],
        "alike": [f"+86199{digits(row)}" for row in sample],
    }

    memory = Memory(database.pool)

    async def ask(number: str) -> Recalled:
        return await memory.recall(Recall(number, now=utc_now(), country_prefix="+86"))

    for numbers in kinds.values():
        await time_each(ask, numbers[:500])
    return {kind: await time_each(ask, numbers) for kind, numbers in kinds.items()}


async def run(url: str, largest: int) -> None:
    """Grow the index tenfold at a time and print a row for each size."""
    database = await Database.open(url, pool_size=4)
    print(f"{'rows':>12}  " + "  ".join(f"{kind + ' p50/p99 µs':>22}" for kind in ("known", "unknown", "alike")))
    medians: list[dict[str, float]] = []
    have = 0
    for power in range(4, largest + 1):
        await fill(database, have + 1, 10**power)
        have = 10**power
        taken = await measure(database, have)
        medians.append({kind: median(times) for kind, times in taken.items()})
        shown = (f"{median(times):10.0f} /{quantiles(times, n=100)[98]:10.0f}" for times in taken.values())
        print(f"{have:>12,}  " + "  ".join(f"{cell:>22}" for cell in shown), flush=True)
    growth = {kind: medians[-1][kind] / medians[0][kind] for kind in medians[0]}
    print("growth of the median: " + ", ".join(f"{kind} {ratio:.2f}×" for kind, ratio in growth.items()) + "  (goal: at most 2)")
    await database.aclose()


def main() -> None:
    """Run on a fresh embedded server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--largest", type=int, default=6, choices=range(4, 8), help="size of the largest index, as a power of ten"
    )
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "data", settings={"fsync": "off", "max_wal_size": "2GB"})
        url = server.start()
        try:
            migrate.upgrade(url)
            asyncio.run(run(url, parser.parse_args().largest))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
