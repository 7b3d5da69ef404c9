"""Tieline itself, as `tieline serve` runs it, with the bench's three upstreams applied and the index filled.

`BENCH_AUDIT=off` replaces the journal by one that writes nothing, to show what the durable audit costs; the product has no such
switch.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import uvicorn
import yaml

from tieline import doors, furnishing, serving, wiring
from tieline.api.wire import server_options
from tieline.connectors.registry import Catalog
from tieline.observability.logs import set_up_logs
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.services import api_keys
from tieline.services.api_keys import KeyWish
from tieline.services.apply import apply
from tieline.settings import Settings
from tieline.store import identity
from tieline.store.database import Database, driver
from tieline.store.identity import IdentityKey
from tieline.store.journal import Append, Batch, Entry, Journal
from tieline.store.migrate import upgrade

HERE = Path(__file__).parent
PEOPLE = 100_000
NAMES = {"crm": "customer", "orders": "order", "tickets": "ticket"}


def settings_from(environment: dict[str, str]) -> Settings:
    """Return settings that allow exactly the bench's upstream."""
    return Settings(
        _env_file=None,
        data_dir=Path(environment["BENCH_DATA"]),
        database_url=environment["BENCH_DATABASE"],
        port=int(environment["BENCH_PORT"]),
        private_networks=f"127.0.0.1=127.0.0.0/8:{environment['BENCH_UPSTREAM_PORT']}",
        log_level="error",
        late_answer_ms=8000,
    )


async def prepare(settings: Settings, upstream: str, *, more: int = 0) -> str:
    """Bring the schema to head, apply the connections, fill the index; return an API key."""
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    await asyncio.to_thread(upgrade, url)
    extra = [f"more{number}" for number in range(1, more + 1)]
    wanted = {
        "version": 1,
        "connections": {
            name: {"connector": str(HERE / "connectors" / f"bench_{name}"), "config": {"base_url": upstream}}
            for name in (*NAMES, *extra)
        },
        "sources": {"customer": ["crm"], "order": ["orders", *extra], "ticket": ["tickets"]},
        "lines": {"+861065543800": {"name": "Support"}},
        "agents": {"1001": {"name": "Li Wei", "role": "agent", "extensions": ["1001"]}},
    }
    file = settings.data_dir / "bench.yaml"
    file.write_text(yaml.safe_dump(wanted, allow_unicode=True))
    async with wiring.applying(settings, url, Catalog()) as tools:
        await apply(tools, file)
    database = await Database.open(url, pool_size=4)
    await _fill_index(database)
    bench = Caller(actor="bench", role="admin", scopes=frozenset(PERMISSIONS))
    key, _ = await api_keys.create(database, KeyWish("bench", ("pops.read", "customer.search")), asker=bench, now=_now())
    await database.aclose()
    return key


async def _fill_index(database: Database) -> None:
    async with database.begin() as tx:
        connection = await driver(tx)
        for start in range(0, PEOPLE, 10_000):
            await identity.upsert(connection, [_known(number) for number in range(start, start + 10_000)])


def _known(number: int) -> IdentityKey:
    digits = f"86138{number:08}"
    return IdentityKey(
        e164=f"+{digits}", connection="crm", external_id=f"C-{digits}", seen_at=_now(), display_name="张伟",
        company="北京荷花贸易有限公司", tier="high_value", tags=("老年用户", "VIP"),
    )  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)


class NothingWritten(Journal):
    """A journal that keeps nothing."""

    def begin(self, append: Append) -> Entry:
        """Forget it."""
        del append
        batch = Batch()
        batch.commit = asyncio.create_task(asyncio.sleep(0))
        return Entry(batch, 0)


async def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    journal = NothingWritten if os.environ.get("BENCH_AUDIT") == "off" else Journal
    async with AsyncExitStack() as stack:
        stack.enter_context(patch.object(furnishing, "Journal", journal))
        house = await stack.enter_async_context(wiring.house_of(settings, url, Catalog()))
        await stack.enter_async_context(serving.chores_done(house, url, with_worker=False))
        config = uvicorn.Config(doors.app_of(house, settings), port=settings.port, **server_options())
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    set_up_logs(level="error", log_format="json")
    with asyncio.Runner(loop_factory=uvicorn.Config(serve).get_loop_factory()) as runner:
        runner.run(serve(settings_from(dict(os.environ))))
