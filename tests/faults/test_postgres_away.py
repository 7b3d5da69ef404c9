"""F31: Postgres is stopped while a shop tells things; a server of its own thanks for it, is killed, and nothing is missing."""

import asyncio
import time
from pathlib import Path
from typing import Final

import httpx
import pytest
from tests.flows.door import patiently
from tests.flows.replicas import Replica, _environment, _replica
from tests.webhooks.shop import CONNECTOR, SET_UP, TOKEN

from tieline.connectors.registry import Catalog
from tieline.services.apply import apply
from tieline.settings import Settings
from tieline.store import migrate
from tieline.store.database import Database
from tieline.store.embedded import EmbeddedPostgres
from tieline.wiring import applying

MANY: Final = 60
BACK_WITHIN_S: Final = 30.0


async def set_up(url: str, folder: Path) -> Settings:
    """Set a house up that a shop tells things."""
    chosen = Settings(data_dir=folder, auth="off", private_networks="127.0.0.1=127.0.0.0/8:9")
    file = folder / "tieline.yaml"
    await asyncio.to_thread(file.write_text, SET_UP.format(connector=CONNECTOR, base_url="http://127.0.0.1:9"))
    async with applying(chosen, url, Catalog()) as tools:
        await apply(tools, file)
    return chosen


async def tell(server: Replica, first: int, count: int) -> float:
    """Tell so many things at once, each twice, and return how long the slowest answer took. All are thanked for."""

    async def one(number: int) -> float:
        began_s = time.monotonic()
        body = {"events": [{"kind": "order", "version": 1, "order": {"id": f"SO-{number}", "state": "new"}}]}
        headers = {"x-shop-token": TOKEN, "x-delivery": f"d-{number}"}
        answer = await server.client.post("/v1/webhooks/shop", json=body, headers=headers)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return time.monotonic() - began_s

    return max(await asyncio.gather(*(one(first + number % count) for number in range(count * 2))))


async def heard(url: str, count: int) -> None:
    """Wait until the inbox holds so many things and has read them, and see that it holds each once."""
    database = await Database.open(url, pool_size=2)
    try:
        async for _ in patiently("something told is missing", within_s=BACK_WITHIN_S):
            async with database.pool.connection() as connection:
                query = b"SELECT dedupe_key FROM inbox WHERE kind = 'event' AND state = 'done'"
                keys = [row[0] for row in await (await connection.execute(query)).fetchall()]
            if len(keys) >= count:
                break
        assert sorted(keys) == sorted(f"d-{number}" for number in range(count))
    finally:
        await database.aclose()


async def test_nothing_told_while_postgres_was_away_is_missing_or_doubled(
    reachable_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIELINE_TEST_SHOP_TOKEN", TOKEN)
    postgres = EmbeddedPostgres(reachable_folder)
    url = await asyncio.to_thread(postgres.start)
    server: Replica | None = None
    try:
        await asyncio.to_thread(migrate.upgrade, url)
        server = _replica(_environment(url, await set_up(url, tmp_path)), tmp_path / "server.log")
        await server.start()
        await tell(server, 0, 5)
        await asyncio.to_thread(postgres.stop)
        slowest_s = await tell(server, 5, MANY)
        assert await asyncio.to_thread(postgres.start) == url
        await heard(url, 5 + MANY)
        await asyncio.to_thread(postgres.stop)
        slowest_s = max(slowest_s, await tell(server, 5 + MANY, MANY))
        await server.kill()
        assert sum(file.stat().st_size for file in (tmp_path / "spool").iterdir()) > MANY * 100
        await asyncio.to_thread(postgres.start)
        await server.start()
        await heard(url, 5 + MANY * 2)
    finally:
        if server is not None:
            await server.kill()
            await server.client.aclose()
        await asyncio.to_thread(postgres.stop)
    print(f"{MANY * 2} told while it was away, 0 missing, 0 doubled, slowest answer {slowest_s:.2f} s")  # noqa: T201 - N with the claim
