"""What customers agree to: written down by whoever heard it, read by whoever must know. Nothing is changed or taken out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.api.tickets_sent import E164, Ref
from tieline.domain.errors import RequestRefused
from tieline.domain.survey_guards import ConsentState
from tieline.security.permissions import Caller, permit
from tieline.services import consents
from tieline.services.consents import Word

router = APIRouter(route_class=StrictRoute, tags=["Customers"])
Reader = Annotated[Caller, permit("consents.read")]
Writer = Annotated[Caller, permit("consents.write")]
Purpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$", examples=["survey", "marketing"])]
_shown = ConfigDict(frozen=True)
MOST: int = 200


class NewConsent(BaseModel):
    """What a customer said. Name their reference, their number or both."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"purpose": "survey", "state": "withdrawn", "phone": "+8613800138000"}]},
    )

    purpose: Purpose
    state: ConsentState
    customer: Ref | None = None
    phone: E164 | None = None
    source: Annotated[
        str | None, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$", description="Where it was heard. Left out: who tells.")
    ] = None


class ConsentQuery(BaseModel):
    """Whose; one of the two."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customer: Ref | None = None
    phone: E164 | None = None


class ShownConsent(BaseModel):
    """One line of the ledger. The last of a purpose holds."""

    model_config = _shown

    customer: str | None
    phone: str | None
    purpose: str
    state: ConsentState
    source: str
    at: datetime


class Consents(BaseModel):
    """Lines, the last first."""

    model_config = _shown

    items: Sequence[ShownConsent]


@router.post(
    "/v1/consents",
    operation_id="record_consent",
    summary="Write down what a customer agrees to",
    status_code=201,
    responses=problems({422: "Nobody is named: `customer_required`; or the body does not fit: `field_value` …"}),
)
async def record(word: NewConsent, caller: Writer, house: HouseOfRequest) -> Consents:
    """Add a line to the ledger for each key that is named. The same again is one more line, and holds as well."""
    said = Word(purpose=word.purpose, state=word.state, customer_ref=word.customer, phone=word.phone, source=word.source)
    return _shown_all(house, caller, await consents.record(house.database, said, by=caller, now=house.clock()))


@router.get("/v1/consents", operation_id="list_consents", summary="What did a customer agree to?")
async def list_consents(query: Annotated[ConsentQuery, Query()], caller: Reader, house: HouseOfRequest) -> Consents:
    """Return the ledger of one customer or number, the last 200 lines."""
    key = query.phone or query.customer
    if key is None:
        raise RequestRefused("Name the customer or their number.", code="customer_required")
    found = await consents.of_key(house.database, key, limit=MOST, by=caller, now=house.clock())
    return _shown_all(house, caller, found)


def _shown_all(house: HouseOfRequest, caller: Caller, lines: Sequence[dict[str, Any]]) -> Consents:
    seen = [house.desk.policy.apply(caller.role, line, shape="consent", active_call_phone=False) for line in lines]
    return Consents(items=[ShownConsent.model_validate(line) for line in seen])
