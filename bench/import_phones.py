"""How fast a file of telephone numbers comes into the index: COPY in slices beside one INSERT a row, on the embedded Postgres.

    python bench/import_phones.py                    a million rows of CSV
    python bench/import_phones.py --rows 100000      fewer

Prints rows a second of both, what reading and normalising alone take, the most memory used, and how long a look-up took
meanwhile. The goal is a million rows in three minutes on two cores.
"""

import argparse
import asyncio
import os
import resource
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from tieline.connectors.registry import Catalog
from tieline.domain.phone_normalise import warm
from tieline.kit.clock import utc_now
from tieline.security.permissions import Caller
from tieline.services.batch.formats import open_sheet
from tieline.services.batch.importing import ImportWish, import_phones
from tieline.services.batch.phone_rows import PhoneRows, PhoneRules
from tieline.services.batch.sheet import Reading
from tieline.services.batch.slices import slices
from tieline.services.directory import NO_LINE, Directory
from tieline.services.house import House
from tieline.settings import Settings
from tieline.store import configuration, identity, migrate
from tieline.store.configuration import Configuration, ConnectionRow
from tieline.store.database import Database, driver
from tieline.store.embedded import EmbeddedPostgres
from tieline.store.identity import IdentityKey
from tieline.store.memory import Memory, Recall
from tieline.wiring import house_of

SPREAD = 7_919
"""Coprime to 10^8, so that consecutive rows get distinct numbers far apart."""
SAMPLE = 2_000
ASKER = Caller(actor="bench", role="admin", scopes=frozenset())


@dataclass
class Pulse:
    """How long look-ups took while something else went on, in milliseconds."""

    taken: list[float]

    def __str__(self) -> str:
        cuts = quantiles(self.taken, n=1000) if len(self.taken) > 1 else [0.0] * 999
        times = f"p50 {cuts[499]:.1f} ms, p99 {cuts[989]:.1f} ms, longest {max(self.taken):.0f} ms"
        return f"{len(self.taken)} look-ups meanwhile: {times}"


def write_file(path: Path, rows: int, *, first: int = 0) -> None:
    """Write a file as a CRM would: mobile and landline numbers in four spellings."""
    spellings = ("+86138{0}", "138{0}", "0138{0}", "+86 138 {0}", "010-{0}")
    with path.open("w", encoding="utf-8") as file:
        file.write("phone,external_id,name,tier,tags\n")
        for row in range(first, first + rows):
            number = spellings[row % 5].format(f"{row * SPREAD % 100_000_000:08}")
            file.write(f"{number},C{row},客户 {row},regular,vip;批量\n")


def read_only(path: Path, rows: int) -> float:
    """Read and normalise without writing; return rows a second."""
    rules = PhoneRules(NO_LINE, Directory().internal, ["crm"], "crm", utc_now())
    others = path.with_name("others.csv")  # Numbers are remembered: the same ones would make the import look faster than it is.
    write_file(others, rows, first=10_000_000)
    sheet = open_sheet(others, Reading())
    started = time.perf_counter()
    for part in slices(sheet, PhoneRows(sheet, {}, rules)):
        assert part.read == part.taken, part.rejects[:1]  # noqa: S101 - a bench that rejects measures nothing
    sheet.close()
    return rows / (time.perf_counter() - started)


async def row_by_row(database: Database) -> float:
    """Write a sample one row at a time, each in a transaction of its own; return rows a second."""
    started = time.perf_counter()
    for row in range(SAMPLE):
        key = IdentityKey(f"+86199{row:08}", "crm", f"S{row}", utc_now(), display_name="客户", tier="regular", tags=("vip",))
        async with database.begin() as tx:
            await identity.upsert(await driver(tx), [key])
    return SAMPLE / (time.perf_counter() - started)


@asynccontextmanager
async def pulse(database: Database) -> AsyncIterator[Pulse]:
    """Look a number up twenty times a second while the block lasts."""
    memory, found = Memory(database.pool), Pulse([])

    async def beat() -> None:
        while True:
            started = time.perf_counter()
            await memory.recall(Recall("+8613800007919", now=utc_now(), country_prefix="+86"))
            found.taken.append((time.perf_counter() - started) * 1e3)
            await asyncio.sleep(0.05)

    beating = asyncio.create_task(beat())
    try:
        yield found
    finally:
        beating.cancel()
        await asyncio.wait([beating])


async def run(url: str, path: Path, rows: int) -> None:
    """Measure everything and print it."""
    async with house_of(Settings(data_dir=path.parent, auth="off"), url, Catalog()) as house:
        await measure(house, path, rows)


async def measure(house: House, path: Path, rows: int) -> None:
    """Import the file twice, beside the other way of doing it."""
    database = house.database
    async with database.begin() as tx:
        await configuration.save(tx, Configuration(connections={"crm": ConnectionRow("crm", "sandbox")}), now=utc_now())
    print(f"{rows:,} rows of CSV; load of the machine {os.getloadavg()[0]:.1f}", flush=True)
    print(f"  one INSERT a row (sample)      {await row_by_row(database):>10,.0f} rows/s", flush=True)
    print(f"  reading and normalising alone  {read_only(path, min(rows, 100_000)):>10,.0f} rows/s", flush=True)
    wish = ImportWish(path, path.with_suffix(".rejects.csv"), connection="crm")
    for name in ("import", "the same file again, forced"):
        started, worked = time.perf_counter(), time.process_time()
        async with pulse(database) as beats:
            wish = ImportWish(path, wish.rejects, connection="crm", again=True)
            tally = await import_phones(house, wish, asker=ASKER, told=lambda _tally: None)
        took, cpu = time.perf_counter() - started, time.process_time() - worked
        print(f"  {name:<29}  {rows / took:>10,.0f} rows/s  ({took:.0f} s, of which {cpu:.0f} s CPU of this process)")
        print(f"    {tally.changed:,} changed; {beats}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  most memory of this process    {peak:>10,.0f} MiB; load at the end {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Run on a fresh embedded server with its usual durability."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the file")
    rows = parser.parse_args().rows
    warm()
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "phones.csv"
        write_file(path, rows)
        server = EmbeddedPostgres(Path(folder) / "data")
        url = server.start()
        try:
            migrate.upgrade(url)
            asyncio.run(run(url, path, rows))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
