"""The whole application on a real database, with a key for whoever asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
from fastapi import FastAPI
from pydantic import SecretStr

from tieline.connectors.registry import Catalog
from tieline.doors import app_of
from tieline.kit.clock import Clock, utc_now
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.services import api_keys
from tieline.services.api_keys import KeyWish
from tieline.services.apply import apply
from tieline.services.house import House
from tieline.settings import Settings
from tieline.wiring import applying, house_of

ROOT: Final = Caller(actor="test", role="operator", scopes=frozenset(PERMISSIONS))
PBX_TOKEN: Final = "test-token-0123456789"
BODY_LIMIT: Final = 1_048_576
ROLES: Final = ("agent", "senior", "supervisor", "qa", "admin", "integrator", "auditor", "dpo")

SET_UP: Final = """
version: 1
connections:
  pbx: {connector: zammad_cti, config: {}, secrets: {token: env:TIELINE_TEST_PBX_TOKEN}}
lines:
  "+861065543800": {name: Support, country: CN, language: zh, queues: [support]}
agents:
  "1001": {name: Li Wei, email: li@acme.cn, role: agent, extensions: ["8001"], phones: ["+8613700137000"]}
  "1002": {name: Wang Fang, role: agent, extensions: ["8002"]}
"""
PEOPLE: Final = "".join(f'  "{role}": {{name: {role.title()}, role: {role}}}\n' for role in ROLES)


@dataclass
class FrontDoor:
    """An application and those who knock at it."""

    app: FastAPI
    house: House
    settings: Settings
    _keys: dict[tuple[tuple[str, ...], str | None], str] = field(default_factory=dict)

    async def key(self, *scopes: str, agent: str | None = None) -> str:
        """Return a key with these scopes; made once."""
        known = (scopes, agent)
        if known not in self._keys:
            wish = KeyWish(name="test", scopes=scopes, agent=agent, life=timedelta(days=1))
            self._keys[known], _ = await api_keys.create(self.house.database, wish, asker=ROOT, now=self.house.clock())
        return self._keys[known]

    async def signed(self, *scopes: str, agent: str | None = None) -> dict[str, str]:
        """Return the header that signs a machine in."""
        return {"Authorization": f"Bearer {await self.key(*scopes, agent=agent)}"}

    async def session(self, agent: str) -> dict[str, str]:
        """Return the header that signs a person in."""
        token, _ = await self.app.state.access.open_session(agent)
        return {"Cookie": f"{self.app.state.session_cookie}={token}"}

    def client(self, *, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """Return a client that calls the application in process. `address` is where it seems to sit."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 50_000))
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def ask(self, method: str, target: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx takes many kinds
        """Send one request."""
        async with self.client() as client:
            return await client.request(method, target, **options)


@asynccontextmanager
async def open_door(
    url: str,
    folder: Path,
    *,
    connections: str = "",
    clock: Clock = utc_now,
    **settings: Any,  # noqa: ANN401 - settings of any type
) -> AsyncIterator[FrontDoor]:
    """Build everything as the server does, on an empty database at head. `connections`: further lines of the apply file."""
    chosen = Settings(database_url=SecretStr(url), data_dir=folder, body_limit_bytes=BODY_LIMIT, **settings)
    file = folder / "tieline.yaml"
    file.write_text(SET_UP.replace("lines:\n", f"{connections}lines:\n", 1) + PEOPLE)
    async with applying(chosen, url, Catalog()) as tools:
        await apply(tools, file)
    async with house_of(chosen, url, Catalog(), clock=clock) as house:
        yield FrontDoor(app_of(house, chosen), house, chosen)


async def statuses(door: FrontDoor, header: dict[str, str], target: str = "/v1/agents") -> tuple[int, str | None]:
    """Return the status and, of a refusal, the code."""
    answer = await door.ask("GET", target, headers=header)
    return answer.status_code, answer.json().get("code")


async def rows(door: FrontDoor, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Look into the database."""
    async with door.house.database.pool.connection() as connection:
        return await (await connection.execute(query.encode(), list(values))).fetchall()


async def rows_at(url: str, query: str) -> list[tuple[Any, ...]]:
    """Look into a database from outside of any application."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        return await (await connection.execute(query.encode())).fetchall()
