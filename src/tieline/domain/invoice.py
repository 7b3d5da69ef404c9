"""What was billed, and whether it has been paid."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tieline.domain.money import Money
from tieline.domain.references import ExternalRef

InvoiceStatus = Literal["draft", "open", "paid", "overdue", "cancelled", "unknown"]


class Invoice(BaseModel):
    """One invoice or receivable. `open_amount` is what is still to be paid."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: ExternalRef
    number: str | None = None
    status: InvoiceStatus = "unknown"
    issued_on: date | None = None
    due_on: date | None = None
    total: Money | None = None
    open_amount: Money | None = None
    order_number: str | None = None
    updated_at: datetime | None = None
    url: str | None = None
