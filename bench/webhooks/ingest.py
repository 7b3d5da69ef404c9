"""What a durable webhook costs: FastAPI with SQLAlchemy's ORM as people write it, and our own door, side by side.

    PYTHONPATH=src python bench/webhooks/ingest.py [--requests 4000]

Both verify an HMAC over the raw body, write the request durably once (fsync on) and answer 202; both are called as ASGI
applications in this process, in turns, so that a busy machine is unfair to neither. Ours also makes it a piece of work and
wakes a worker. Prints requests per second and CPU per request of this process, which signs and counts for both.
"""

import argparse
import asyncio
import hashlib
import hmac
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import SecretStr
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from tieline.connectors.registry import Catalog
from tieline.doors import app_of
from tieline.kit.clock import utc_now
from tieline.kit.ids import time_ordered_id
from tieline.observability.logs import set_up_logs
from tieline.services.apply import apply
from tieline.settings import Settings
from tieline.store import migrate
from tieline.store.embedded import EmbeddedPostgres
from tieline.store.tables import inbox
from tieline.wiring import applying, house_of

SECRET = os.environ.setdefault("TIELINE_BENCH_SECRET", "bench-secret-0123456789")
CALLERS = (1, 16, 64)
ROUNDS = 3
POOL = 16
SET_UP = """
version: 1
connections:
  shop: {{connector: {folder}, config: {{}}, secrets: {{secret: env:TIELINE_BENCH_SECRET}}}}
"""
App = Callable[[Any, Any, Any], Awaitable[None]]


class Base(DeclarativeBase):
    """What people start with."""


class Arrived(Base):
    """The inbox as an ORM class."""

    __table__ = inbox


def by_hand(sessions: async_sessionmaker[AsyncSession]) -> FastAPI:
    """Return the handler most people would write."""
    app = FastAPI()

    async def session() -> Any:  # noqa: ANN401 - a dependency
        async with sessions() as opened:
            yield opened

    @app.post("/v1/webhooks/shop", status_code=202)
    async def receive(
        request: Request,
        db: Annotated[AsyncSession, Depends(session)],
        x_signature: Annotated[str, Header()],
        x_delivery: Annotated[str, Header()],
    ) -> dict[str, bool]:
        body = await request.body()
        expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, x_signature):
            raise HTTPException(401)
        db.add(
            Arrived(
                id=time_ordered_id(utc_now()),
                connection="hand",
                dedupe_key=x_delivery,
                kind="event",
                headers=dict(request.headers),
                body=body,
                received_at=utc_now(),
            )
        )
        try:
            await db.commit()
        except IntegrityError:
            await db.rollback()
        return {"accepted": True}

    return app


@dataclass(slots=True)
class Cost:
    """Sums over the rounds; `slow_ms` the latencies of all."""

    requests: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0


def scope_of(number: int) -> tuple[dict[str, Any], bytes]:
    """Return one request as a server would hand it over: an order of some 1.5 KB."""
    lines = [{"sku": f"S-{line}", "name": "保温杯 500ml", "count": 2, "price": "39.90"} for line in range(16)]
    body = orjson.dumps({"version": number, "order": {"id": f"SO-{number}", "state": "paid", "lines": lines}})
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "x-signature": signature,
        "x-delivery": f"d-{number}",
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/webhooks/shop",
        "raw_path": b"/v1/webhooks/shop",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }
    return scope, body


async def ask(app: App, number: int) -> None:
    """Send one request and see that it is accepted."""
    scope, body = scope_of(number)
    answered = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal answered
        if message["type"] == "http.response.start":
            answered = message["status"]

    await app(scope, receive, send)
    assert answered == 202, answered  # noqa: S101 - a bench that measures refusals measures nothing


async def drive(app: App, numbers: range, *, callers: int, cost: Cost) -> None:
    """Let so many callers send one request after another, and add up what it took."""
    waiting = iter(numbers)

    async def caller() -> None:
        for number in waiting:
            await ask(app, number)

    wall_s, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(callers)))
    cost.requests += len(numbers)
    cost.wall_s += time.perf_counter() - wall_s
    cost.cpu_s += time.process_time() - cpu_s


async def run(url: str, folder: Path, requests: int) -> None:
    """Measure both with every number of callers."""
    settings = Settings(database_url=SecretStr(url), data_dir=folder, auth="off", database_pool_size=POOL)
    file = folder / "tieline.yaml"
    file.write_text(SET_UP.format(folder=Path(__file__).parent / "connectors" / "bench_shop"))
    async with applying(settings, url, Catalog()) as tools:
        await apply(tools, file)
    engine = create_async_engine(url, pool_size=POOL, max_overflow=0)
    async with house_of(settings, url, Catalog()) as house:
        apps: dict[str, App] = {
            "FastAPI + ORM": by_hand(async_sessionmaker(engine)),
            "Tieline": app_of(house, settings),
        }
        first = 0
        print(f"{'callers':>7}  {'door':<14} {'requests/s':>10} {'CPU µs':>7}   relative to the ORM")
        for callers in CALLERS:
            costs = {name: Cost() for name in apps}
            for turn in range(ROUNDS + 1):
                for name, app in apps.items():
                    size = requests // ROUNDS if turn else requests // 10
                    await drive(app, range(first, first + size), callers=callers, cost=costs[name] if turn else Cost())
                first += requests
            show(callers, costs)
    await engine.dispose()


def show(callers: int, costs: dict[str, Cost]) -> None:
    """Print one block of the table."""
    floor = costs["FastAPI + ORM"]
    for name, cost in costs.items():
        rate, cpu_us = cost.requests / cost.wall_s, cost.cpu_s / cost.requests * 1e6
        faster, cheaper = rate * floor.wall_s / floor.requests, floor.cpu_s / floor.requests * 1e6 / cpu_us
        told = f"{faster:.1f}× the requests, {cheaper:.1f}× a core"
        print(f"{callers:>7}  {name:<14} {rate:>10.0f} {cpu_us:>7.0f}   {told}", flush=True)


def main() -> None:
    """Run on a fresh embedded server with its durable settings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=4_000, help="requests per door and number of callers")
    set_up_logs(level="warning", log_format="json")
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "data")
        url = server.start()
        try:
            migrate.upgrade(url)
            asyncio.run(run(url, Path(folder), parser.parse_args().requests))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
