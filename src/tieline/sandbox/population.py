"""What the simulated systems know: people, what they bought, what they complained about, what they thought of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Segment = Literal["high_value", "regular", "potential", "churn_risk"]
OrderState = Literal["placed", "paid", "processing", "shipped", "delivered", "completed", "cancelled", "refunding", "refunded"]
TicketState = Literal["new", "open", "in_progress", "waiting", "solved", "closed"]
OpinionKind = Literal["csat", "nps", "complaint", "praise"]
System = Literal["crm", "erp", "helpdesk"]
EVERYWHERE: frozenset[System] = frozenset(("crm", "erp", "helpdesk"))


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; `country` is ISO 3166 alpha-2."""

    country: str
    region: str
    city: str
    street: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class Person:
    """One person or organisation. `phones` are as a clerk typed them, the caller's usual number first."""

    key: int
    name: str
    phones: tuple[str, ...]
    address: Address
    organization: bool = False
    company: str | None = None
    sex: Literal["F", "M"] | None = None
    born_on: date | None = None
    identity_card: str | None = None
    email: str | None = None
    wechat: str | None = None
    segment: Segment = "regular"
    labels: tuple[str, ...] = ()
    locale: str = "zh-CN"
    owner: str | None = None
    note: str | None = None
    do_not_call: bool = False
    joined_at: datetime | None = None
    merged_into: int | None = None
    known_to: frozenset[System] = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order; `price_cents` is for one piece."""

    name: str
    quantity: int
    price_cents: int


@dataclass(slots=True)
class Order:
    """One order of one person. Amounts are in hundredths of CNY; `hold` is why it may not move."""

    number: str
    person: int
    placed_at: datetime
    changed_at: datetime
    state: OrderState
    items: tuple[Item, ...]
    shop: str
    carrier: str | None = None
    waybill: str | None = None
    hold: str | None = None

    @property
    def total_cents(self) -> int:
        """Return what the customer pays."""
        return sum(item.quantity * item.price_cents for item in self.items)


@dataclass(frozen=True, slots=True)
class Membership:
    """What the shop owes the person and the other way round, in hundredths of CNY."""

    person: int
    level: str
    points: int
    balance_cents: int
    credit_cents: int
    overdue_cents: int
    valid_to: date


@dataclass(slots=True)
class Note:
    """Something written into a ticket."""

    author: str
    text: str
    at: datetime


@dataclass(slots=True)
class Ticket:
    """One complaint or question. `priority` is 1 (urgent) to 4 (low); `version` grows with every change."""

    number: int
    person: int
    subject: str
    body: str
    state: TicketState
    priority: int
    topic: str
    opened_at: datetime
    changed_at: datetime
    assignee: str | None
    notes: list[Note]
    order: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Opinion:
    """An answer to a survey, or an unasked word of praise or complaint."""

    person: int
    kind: OpinionKind
    score: int | None
    text: str
    channel: str
    at: datetime
