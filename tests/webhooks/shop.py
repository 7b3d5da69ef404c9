"""A house that one shop tells things, and a worker that reads them when it is told to."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from tieline.connectors.registry import Catalog
from tieline.doors import app_of
from tieline.services.apply import apply
from tieline.services.house import House
from tieline.services.webhooks.news import News
from tieline.services.webhooks.reading import read_due
from tieline.settings import Settings
from tieline.store.database import Transaction
from tieline.wiring import applying, house_of
from tieline.worker.edge import catch

CONNECTOR: Final = Path(__file__).parents[1] / "faults" / "connectors" / "shop"
TOKEN: Final = "shop-token-0123456789"
SET_UP: Final = """
version: 1
connections:
  shop: {{connector: {connector}, config: {{base_url: "{base_url}"}}, secrets: {{token: env:TIELINE_TEST_SHOP_TOKEN}}}}
sources: {{order: [shop]}}
lines:
  "+861065543800": {{name: Support, country: CN, language: zh, queues: [support]}}
"""
KINDS: Final = ("order.changed", "ticket.changed", "ticket.commented")


@dataclass
class Shop:
    """What the shop tells, and what came of it. `acted` notes every event that was acted on; `stumbles` fail first."""

    app: FastAPI
    house: House
    acted: list[News] = field(default_factory=list)
    stumbles: list[BaseException] = field(default_factory=list)
    delivery: int = 0

    async def note(self, tx: Transaction, news: News) -> None:
        del tx
        if self.stumbles:
            raise self.stumbles.pop(0)
        self.acted.append(news)

    async def post(self, body: bytes, *, path: str = "/v1/webhooks/shop", method: str = "POST", **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        given = {
            "content-type": "application/json",
            "x-shop-token": TOKEN,
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, content=body, headers={k: v for k, v in given.items() if v})

    async def tell(self, *entries: Mapping[str, Any], **headers: str) -> httpx.Response:
        self.delivery += 1
        body = httpx.Request("POST", "http://x", json={"events": list(entries)}).content
        return await self.post(body, **{"x_delivery": f"d-{self.delivery}", **headers})

    async def read(self) -> int:
        return await read_due(self.house.webhooks, catch=catch)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.house.database.pool.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def change(self, statement: str, *values: object) -> int:
        async with self.house.database.pool.connection() as connection:
            return (await connection.execute(statement.encode(), list(values))).rowcount

    async def let_pass(self, span: timedelta) -> None:
        """Let time go by, as far as what waits can tell."""
        await self.change("UPDATE inbox_work SET due_at = due_at - %s", span)
        await self.change("UPDATE inbox SET received_at = received_at - %s", span)

    def statuses(self) -> Sequence[str | None]:
        return [news.status for news in self.acted]


def order(number: str = "SO-1", state: str = "new", version: int = 1, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any
    return {"kind": "order", "version": version, "order": {"id": number, "state": state, **fields}}


@asynccontextmanager
async def open_shop(url: str, folder: Path, *, base_url: str = "http://127.0.0.1:9", **settings: Any) -> AsyncIterator[Shop]:  # noqa: ANN401 - any
    """Set a house up that knows the shop at `base_url`."""
    permitted = f"127.0.0.1=127.0.0.0/8:{httpx.URL(base_url).port}"
    settings = {"webhook_spool_mib": 0, **settings}
    chosen = Settings(database_url=SecretStr(url), data_dir=folder, auth="off", private_networks=permitted, **settings)
    file = folder / "tieline.yaml"
    file.write_text(SET_UP.format(connector=CONNECTOR, base_url=base_url))
    async with applying(chosen, url, Catalog()) as tools:
        await apply(tools, file)
    async with house_of(chosen, url, Catalog()) as house:
        shop = Shop(app_of(house, chosen), house)
        house.webhooks.handlers.register(shop.note, *KINDS)
        yield shop
