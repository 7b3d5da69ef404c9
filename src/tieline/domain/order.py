"""An order as the service desk needs to see it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tieline.domain.money import Money
from tieline.domain.references import ExternalRef

OrderStatus = Literal[
    "draft",
    "placed",
    "paid",
    "processing",
    "shipped",
    "delivered",
    "completed",
    "cancelled",
    "refunding",
    "refunded",
    "unknown",
]
OPEN_ORDER_STATUSES: frozenset[OrderStatus] = frozenset({"placed", "paid", "processing", "shipped", "refunding"})


class Order(BaseModel):
    """One order. `summary` is a line a person can read: what was bought; `products` the same, each product by its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: ExternalRef
    number: str | None = None
    status: OrderStatus = "unknown"
    placed_at: datetime | None = None
    updated_at: datetime | None = None
    total: Money | None = None
    summary: str | None = None
    products: tuple[str, ...] = ()
    recipient: str | None = None
    phone: str | None = None
    address: str | None = None
    carrier: str | None = None
    tracking_number: str | None = None
    shop: str | None = None
    url: str | None = None
