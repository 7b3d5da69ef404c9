"""What everybody writes: FastAPI, httpx, pydantic models, a SQLAlchemy ORM audit row committed before the answer.

No identity match, no masks, no trace, no cache, no limits; three upstreams asked in parallel with one shared client.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel
from sqlalchemy import DateTime, String
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

UPSTREAM = os.environ["BENCH_UPSTREAM"]
DATABASE = os.environ.get("BENCH_DATABASE", "")
SOURCES = os.environ.get("BENCH_SOURCES", "crm,orders,tickets").split(",")


class Base(DeclarativeBase):
    """The ORM's registry."""


class AuditEntry(Base):
    """Who asked for whom."""

    __tablename__ = "bench_audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor: Mapped[str] = mapped_column(String)
    subject: Mapped[str] = mapped_column(String)


class Customer(BaseModel):
    """The profile shown."""

    id: str
    name: str
    company: str | None
    phone: str
    email: str | None
    tier: str
    tags: list[str]
    city: str | None
    address: str | None
    owner: str | None
    note: str | None
    since: datetime
    spent: str
    orders: int
    url: str


class Order(BaseModel):
    """One order shown."""

    number: str
    status: str
    placed_at: datetime
    amount: str
    goods: str
    recipient: str
    phone: str
    address: str
    carrier: str
    tracking_number: str
    url: str


class Ticket(BaseModel):
    """One ticket shown."""

    id: str
    subject: str
    status: str
    priority: str
    opened_at: datetime
    url: str


class Pop(BaseModel):
    """The answer."""

    customer: Customer
    orders: list[Order]
    tickets: list[Ticket]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the client and the database."""
    app.state.http = httpx.AsyncClient(limits=httpx.Limits(max_connections=200), timeout=2, trust_env=False)
    if DATABASE:
        engine = create_async_engine(DATABASE, pool_size=20)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        app.state.sessions = async_sessionmaker(engine, class_=AsyncSession)
    yield
    await app.state.http.aclose()


app = FastAPI(lifespan=lifespan)


@app.get("/pop")
async def pop(request: Request, phone: str) -> Pop:
    """Ask the upstreams at once, translate, audit, answer."""
    http: httpx.AsyncClient = request.app.state.http
    answers = await asyncio.gather(*(http.get(f"{UPSTREAM}/{source}", params={"phone": phone}) for source in SOURCES))
    record, orders, tickets = (answer.json() for answer in answers[:3])
    if DATABASE:
        async with request.app.state.sessions() as session:
            session.add(AuditEntry(at=datetime.now(UTC), actor="1001", subject=record["id"]))
            await session.commit()
    return Pop(
        customer=_customer(record),
        orders=[_order(order) for order in orders],
        tickets=[_ticket(ticket) for ticket in tickets],
    )


def _customer(record: dict[str, Any]) -> Customer:
    return Customer(
        id=record["id"], name=record["full_name"], company=record.get("company"), phone=record["mobile"],
        email=record.get("email"), tier={"GOLD": "high_value"}.get(record["level"], "regular"), tags=record["labels"],
        city=record.get("town"), address=record.get("street"), owner=record.get("owner"), note=record.get("remark"),
        since=record["created"], spent=record["spent"]["value"], orders=record["orders"], url=record["link"],
    )  # fmt: skip


def _order(record: dict[str, Any]) -> Order:
    return Order(
        number=record["no"], status=record["state"].lower(), placed_at=record["created"], amount=record["amount"]["value"],
        goods=record["goods"], recipient=record["to"], phone=record["mobile"], address=record["address"],
        carrier=record["carrier"], tracking_number=record["track"], url=record["url"],
    )  # fmt: skip


def _ticket(record: dict[str, Any]) -> Ticket:
    return Ticket(
        id=record["id"], subject=record["title"], status=record["state"], priority=record["prio"],
        opened_at=record["created"], url=record["url"],
    )  # fmt: skip


@app.get("/ready")
async def ready() -> str:
    """Say that it is up."""
    return "ok"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["BENCH_PORT"]), access_log=False, log_level="warning")
