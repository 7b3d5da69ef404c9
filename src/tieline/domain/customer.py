"""Who the customer is, in one model, whatever system knows them."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tieline.domain.money import Money
from tieline.domain.references import ExternalRef

Tier = Literal["high_value", "regular", "potential", "churn_risk"]
Risk = Literal["low", "medium", "high"]


class Link(BaseModel):
    """Where a person can open the object in its own system."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    url: str


class Customer(BaseModel):
    """One person or organisation as one system knows it. Phones are text as the vendor wrote them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: ExternalRef
    name: str | None = None
    kind: Literal["person", "organization"] = "person"
    company: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    wechat: str | None = None
    tier: Tier | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    gender: str | None = None
    birth_date: date | None = None
    id_number: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    address: str | None = None
    postal_code: str | None = None
    owner: str | None = None
    note: str | None = None
    churn_risk: Risk | None = None
    do_not_call: bool | None = None
    registered_at: datetime | None = None
    updated_at: datetime | None = None
    total_spent: Money | None = None
    order_count: int | None = None
    merged_into: str | None = None
    url: str | None = None
