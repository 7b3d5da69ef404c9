"""What the customer is entitled to, and until when: a service contract, a warranty, a subscription."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tieline.domain.money import Money
from tieline.domain.references import ExternalRef

ContractStatus = Literal["draft", "active", "suspended", "expired", "cancelled", "unknown"]


class Contract(BaseModel):
    """One agreement. `covers` is a line a person can read; `level` the vendor's name of the service level."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: ExternalRef
    number: str | None = None
    status: ContractStatus = "unknown"
    covers: str | None = None
    level: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    value: Money | None = None
    updated_at: datetime | None = None
    url: str | None = None
