"""What the customer owes, owns and is entitled to."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from tieline.domain.money import Money
from tieline.domain.references import ExternalRef


class Account(BaseModel):
    """One account in an ERP or membership system."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: ExternalRef
    level: str | None = None
    points: int | None = None
    balance: Money | None = None
    credit_limit: Money | None = None
    overdue: Money | None = None
    valid_until: date | None = None
