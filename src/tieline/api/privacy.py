"""What people may ask of their data: a copy, an end, and what they agreed to. For the data protection officer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tieline.api.house import HouseOfRequest
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.domain.consent import Channel, Purpose
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services.privacy import consenting, copying, erasing, restricting
from tieline.services.privacy.subject import Wanted

router = APIRouter(route_class=StrictRoute, tags=["Privacy"])
_MEANT = problems(
    {404: "There is no such system: `not_found`.", 409: "Several people carry this number, name a record: `subject_ambiguous`."}
)
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Reason = Annotated[Text, Field(description="Why: kept in the audit. Name a case, not a person.", examples=["case 2026-0113"])]


class SubjectWish(BaseModel):
    """Whom it is about: a number, or the reference of one record of theirs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phone: Annotated[Text | None, Field(description="Any spelling of a number.", examples=["+8613800138000"])] = None
    ref: Annotated[Text | None, Field(description="A record, as `crm:003xx`.")] = None
    reason: Reason

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.phone is None) == (self.ref is None):
            message = "name one of phone and ref"
            raise ValueError(message)
        return self

    @property
    def wanted(self) -> Wanted:
        """Return it in the words of the service."""
        return Wanted(reason=self.reason, phone=self.phone, ref=self.ref)


class ErasureWish(SubjectWish):
    """Whom to erase."""

    dry_run: Annotated[bool, Field(description="Only count what would go.")] = False


class ShownErasure(BaseModel):
    """What became of it. `recipients` are records in other systems: erase them there too, or have it done."""

    model_config = ConfigDict(frozen=True)

    id: UUID | None
    counts: Mapping[str, int]
    recipients: tuple[str, ...]
    shared_numbers: Annotated[int, Field(description="Numbers that somebody else carries too: their calls stay.")]
    sources: Mapping[str, Any]


class SubjectCopy(BaseModel):
    """Everything we keep of one person, and what the systems say of them now."""

    model_config = ConfigDict(frozen=True)

    made_at: datetime
    subject: Mapping[str, Any]
    profiles: list[Mapping[str, Any]]
    sources: Mapping[str, Any]
    tables: Mapping[str, list[Mapping[str, Any]]]
    seen_by: list[Mapping[str, Any]]
    consents: list[Mapping[str, Any]]


class ShownRestriction(BaseModel):
    """What is restricted. `records` stand in other systems: have them restricted there too."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    records: tuple[str, ...]
    numbers: int
    shared_numbers: Annotated[int, Field(description="Numbers that somebody else carries too: calls from them go on.")]
    sources: Mapping[str, Any]


class ListedRestriction(BaseModel):
    """One restriction."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    at: datetime
    by: str
    reason: str
    lifted_at: datetime | None


class Restrictions(BaseModel):
    """The newest first."""

    model_config = ConfigDict(frozen=True)

    items: list[ListedRestriction]
    next: str | None = None


class Lifting(BaseModel):
    """Why a person may come back, or is to be served again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Reason


class ConsentWish(SubjectWish):
    """What somebody agreed to, or took back."""

    purpose: Purpose
    given: Annotated[bool, Field(description="false: taken back, which holds at once.")]
    version: Annotated[Text, Field(description="Of the text that was agreed to.")]
    channel: Channel
    evidence: Annotated[Text | None, Field(description="Where the word is kept: a call, a form. Never what it says.")] = None
    at: Annotated[datetime | None, Field(description="When it was said; default: now.")] = None
    reason: Reason = "consent"


class ConsentState(BaseModel):
    """What holds now: purpose → yes or no; a purpose nobody spoke of is left out."""

    model_config = ConfigDict(frozen=True)

    holds: Mapping[str, bool]
    history: list[Mapping[str, Any]]


@router.post(
    "/v1/privacy/export",
    operation_id="export_subject",
    summary="Make a copy of what is kept of one person",
    responses=_MEANT,
)
async def export_subject(
    wish: SubjectWish, caller: Annotated[Caller, permit("privacy.export")], house: HouseOfRequest
) -> SubjectCopy:
    """Return it as one document. The request is in the audit before anything leaves."""
    return SubjectCopy.model_validate(await copying.export(house.desk, wish.wanted, caller=caller))


@router.post("/v1/privacy/erase", operation_id="erase_subject", summary="Erase one person", responses=_MEANT)
async def erase_subject(
    wish: ErasureWish, caller: Annotated[Caller, permit("privacy.erase")], house: HouseOfRequest
) -> ShownErasure:
    """Erase them from every table and from memory, everywhere, and keep them from coming back with the next sync."""
    told = await erasing.erase(house.desk, house.box, wish.wanted, caller=caller, dry_run=wish.dry_run)
    return ShownErasure.model_validate(told, from_attributes=True)


@router.post(
    "/v1/privacy/erasures/{erasure_id}/lift",
    operation_id="lift_erasure",
    summary="Let somebody who was erased come back as somebody new",
    status_code=204,
    responses=problems({404: "There is no such erasure, or it was lifted: `not_found`."}),
)
async def lift_erasure(
    erasure_id: Annotated[UUID, Path()],
    wish: Lifting,
    caller: Annotated[Caller, permit("privacy.erase")],
    house: HouseOfRequest,
) -> Response:
    """What was erased stays erased; what the systems tell from now on is taken again."""
    await erasing.lift(house.desk, erasure_id, wish.reason, caller=caller)
    return Response(status_code=204)


@router.post(
    "/v1/privacy/restrict",
    operation_id="restrict_subject",
    summary="Keep one person's data and do nothing else with it",
    status_code=201,
    responses=_MEANT,
)
async def restrict_subject(
    wish: SubjectWish, caller: Annotated[Caller, permit("privacy.restrict")], house: HouseOfRequest
) -> ShownRestriction:
    """From now on no system is asked about them, nothing of them is shown, and rules, surveys and exports pass them by."""
    told = await restricting.restrict(house.desk, wish.wanted, caller=caller)
    return ShownRestriction.model_validate(told, from_attributes=True)


@router.get("/v1/privacy/restrictions", operation_id="list_restrictions", summary="Restrictions, the newest first")
async def list_restrictions(_caller: Annotated[Caller, permit("privacy.restrict")], house: HouseOfRequest) -> Restrictions:
    """Return the last two hundred: when, by whom, why. Whom they are about is kept as stand-ins alone."""
    return Restrictions.model_validate({"items": await restricting.newest(house.desk, limit=200)})


@router.post(
    "/v1/privacy/restrictions/{restriction_id}/lift",
    operation_id="lift_restriction",
    summary="End a restriction",
    status_code=204,
    responses=problems({404: "There is no such restriction, or it was lifted: `not_found`."}),
)
async def lift_restriction(
    restriction_id: Annotated[UUID, Path()],
    wish: Lifting,
    caller: Annotated[Caller, permit("privacy.restrict")],
    house: HouseOfRequest,
) -> Response:
    """They are served as before; what was told of them meanwhile is read with the next change or the next call."""
    await restricting.lift(house.desk, restriction_id, wish.reason, caller=caller)
    return Response(status_code=204)


@router.post(
    "/v1/privacy/consents", operation_id="record_consent", summary="Write down a consent, or its withdrawal", status_code=201
)
async def record_consent(
    wish: ConsentWish, caller: Annotated[Caller, permit("consents.write")], house: HouseOfRequest
) -> ConsentState:
    """Add one word to the ledger. A withdrawal holds from this commit on."""
    word = consenting.Word(wish.purpose, wish.given, wish.version, wish.channel, wish.evidence, wish.at)
    await consenting.record(house.desk, wish.wanted, word, caller=caller)
    return ConsentState.model_validate(await consenting.state(house.desk, wish.wanted, caller=caller))


@router.post("/v1/privacy/consents/state", operation_id="read_consents", summary="Read what somebody agreed to")
async def read_consents(
    wish: SubjectWish, caller: Annotated[Caller, permit("consents.read")], house: HouseOfRequest
) -> ConsentState:
    """Return what holds now, and every word that was said. A POST, so that no number stands in an address."""
    return ConsentState.model_validate(await consenting.state(house.desk, wish.wanted, caller=caller))
