"""The demo's own people and what happened to them, read from `demo.yaml` beside this file; hours count back from the present."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from tieline.sandbox.population import (
    Address,
    Item,
    Membership,
    Note,
    Opinion,
    OpinionKind,
    Order,
    OrderState,
    Person,
    Ticket,
    TicketState,
)


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    person: int


class _Bought(_Row):
    number: str
    hours_ago: float
    state: OrderState
    items: tuple[Item, ...]
    carrier: str | None = None
    waybill: str | None = None


class _Asked(_Row):
    number: int
    hours_ago: float
    state: TicketState
    priority: int
    topic: str
    subject: str
    body: str
    order: str | None = None


class _Answered(_Row):
    hours_ago: float
    kind: OpinionKind
    score: int | None = None
    text: str
    channel: str = "phone"


class _Account(_Row):
    level: str
    points: int
    balance_cents: int = 0
    credit_cents: int = 0
    overdue_cents: int = 0


class Extension(BaseModel):
    """One telephone of the simulated exchange; calls cannot be placed from one that is not registered. `profile`: of the CRM."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    extension: str
    name: str
    registered: bool
    profile: str | None = None


class _Demo(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    line: str
    extensions: tuple[Extension, ...]
    places: tuple[Address, ...]
    goods: tuple[Item, ...]
    people: tuple[Person, ...]
    orders: tuple[_Bought, ...]
    tickets: tuple[_Asked, ...]
    opinions: tuple[_Answered, ...]
    memberships: tuple[_Account, ...]


@cache
def _demo() -> _Demo:
    return _Demo.model_validate(yaml.safe_load(files("tieline.sandbox").joinpath("demo.yaml").read_text("utf-8")))


def line() -> str:
    """Return the number the demo's customers call."""
    return _demo().line


def extensions() -> tuple[Extension, ...]:
    """Return the telephones of the simulated exchange."""
    return _demo().extensions


def people(now: datetime) -> tuple[Person, ...]:
    """Return the demo's own people, customers since more than a year before `now`; their keys are below 100."""
    return tuple(replace(person, joined_at=now - timedelta(days=400 + 30 * person.key)) for person in _demo().people)


def orders(now: datetime) -> tuple[Order, ...]:
    """Return their orders as of `now`."""
    return tuple(_order(bought, now) for bought in _demo().orders)


def _order(bought: _Bought, now: datetime) -> Order:
    placed = now - timedelta(hours=bought.hours_ago)
    return Order(
        number=bought.number,
        person=bought.person,
        placed_at=placed,
        changed_at=placed + timedelta(hours=bought.hours_ago / 3),
        state=bought.state,
        items=bought.items,
        shop="官方旗舰店",
        carrier=bought.carrier,
        waybill=bought.waybill,
    )


def tickets(now: datetime) -> tuple[Ticket, ...]:
    """Return their tickets as of `now`."""
    return tuple(_ticket(asked, now) for asked in _demo().tickets)


def _ticket(asked: _Asked, now: datetime) -> Ticket:
    opened = now - timedelta(hours=asked.hours_ago)
    return Ticket(
        number=asked.number,
        person=asked.person,
        subject=asked.subject,
        body=asked.body,
        state=asked.state,
        priority=asked.priority,
        topic=asked.topic,
        opened_at=opened,
        changed_at=opened + timedelta(hours=asked.hours_ago / 2),
        assignee=None if asked.state == "new" else "1001",
        notes=[Note("1001", asked.body, opened)],
        order=asked.order,
    )


def opinions(now: datetime) -> tuple[Opinion, ...]:
    """Return what they answered, as of `now`."""
    return tuple(
        Opinion(row.person, row.kind, row.score, row.text, row.channel, now - timedelta(hours=row.hours_ago))
        for row in _demo().opinions
    )


def memberships(now: datetime) -> tuple[Membership, ...]:
    """Return their accounts; each runs for another year."""
    end = (now + timedelta(days=365)).date()
    return tuple(
        Membership(row.person, row.level, row.points, row.balance_cents, row.credit_cents, row.overdue_cents, end)
        for row in _demo().memberships
    )
