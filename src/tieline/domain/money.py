"""An amount and its currency; never a float."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

AmountText = Annotated[Decimal, PlainSerializer(lambda amount: format(amount, "f"), return_type=str)]
CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217")]


class Money(BaseModel):
    """`amount` is exact and is written as text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: AmountText
    currency: CurrencyCode
