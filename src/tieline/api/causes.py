"""What customers mean: the tree of causes, a person's word about one text, and how good the suggestions are."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.feedback_shapes import ShownFeedback
from tieline.api.house import HouseOfRequest
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.domain.understanding import Sentiment
from tieline.domain.understanding_measure import Measured
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services.feedback import reading
from tieline.services.seeing import as_seen
from tieline.services.understanding import correcting
from tieline.services.understanding.correcting import Word
from tieline.services.understanding.suggesting import book_of

router = APIRouter(route_class=StrictRoute, tags=["Feedback"])
Reader = Annotated[Caller, permit("feedback.read")]
Corrector = Annotated[Caller, permit("feedback.correct")]
Counter = Annotated[Caller, permit("reports.read")]
Id = Annotated[UUID, Path(description="Of the feedback.")]
CauseId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
_shown = ConfigDict(frozen=True)


class ShownTreeCause(BaseModel):
    """One cause, in both languages. `parent`: what it is part of."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)

    id: str
    parent: str | None
    zh: Annotated[str, Field(alias="zh-CN")]
    en: str


class CauseTree(BaseModel):
    """The tree that holds, parents before their parts. `version` 0: the one that comes with the software."""

    model_config = _shown

    version: int
    items: Sequence[ShownTreeCause]


class SentWord(BaseModel):
    """What a text is about. No causes: about none of them. Sending what was suggested confirms it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"causes": ["wait"], "sentiment": "negative"}]}
    )

    causes: Annotated[tuple[CauseId, ...], Field(max_length=20)]
    sentiment: Annotated[Sentiment | None, Field(description="Left out: nothing is said of the mood.")] = None


class PrecisionQuery(BaseModel):
    """Which days, both included, by when the customer spoke."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: Annotated[date | None, Field(alias="from", ge=date(2000, 1, 1), description="Left out: ninety days before `to`.")] = (
        None
    )
    to: Annotated[date | None, Field(lt=date(2100, 1, 1), description="Left out: today.")] = None


class ShownCausePrecision(BaseModel):
    """One cause. `precision`, `recall`: 0 to 1; null where there is nothing to divide by."""

    model_config = _shown

    cause: str
    right: int
    wrong: int
    missed: int
    precision: float | None
    recall: float | None


class ShownPrecision(BaseModel):
    """One maker of suggestions: `rules:<version of the tree>`, or a connection. Only texts a person looked at count."""

    model_config = _shown

    by: str
    texts: int
    moods: Annotated[int, Field(description="Texts whose mood the person told.")]
    moods_right: int
    causes: Sequence[ShownCausePrecision]


class PrecisionTable(BaseModel):
    """Every maker of suggestions."""

    model_config = _shown

    items: Sequence[ShownPrecision]


@router.get("/v1/causes", operation_id="get_causes", summary="What customers can mean")
async def get_causes(_caller: Reader, house: HouseOfRequest) -> CauseTree:
    """Return the tree of causes that holds, in both languages. Earlier versions: `GET /v1/policies/causes/versions`."""
    book = book_of(house.directory.now)
    causes = book.entry.causes
    ordered = sorted(causes, key=lambda name: _path(name, {one: causes[one].parent for one in causes}))
    items = [ShownTreeCause(id=name, parent=causes[name].parent, zh=causes[name].zh, en=causes[name].en) for name in ordered]
    return CauseTree(version=book.version, items=items)


@router.get(
    "/v1/causes/precision",
    operation_id="get_cause_precision",
    summary="How good are the suggestions?",
    responses=problems({422: "The span is empty or longer than 400 days: `report_span`; or it does not fit."}),
)
async def get_precision(query: Annotated[PrecisionQuery, Query()], _caller: Counter, house: HouseOfRequest) -> PrecisionTable:
    """Return precision and recall of causes, and how often the mood was right, by what people said of texts."""
    found = await correcting.precision(house.tickets, query.from_, query.to)
    return PrecisionTable(items=[_precision(maker, measured) for maker, measured in found.items()])


@router.put(
    "/v1/feedback/{feedback_id}/meaning",
    operation_id="put_feedback_meaning",
    summary="Say what a customer meant",
    responses=problems(
        {404: "No such feedback: `not_found`.", 422: "The tree has no such cause: `cause_unknown`; or it does not fit."}
    ),
)
async def put_meaning(feedback_id: Id, sent: SentWord, caller: Corrector, house: HouseOfRequest) -> ShownFeedback:
    """Keep a person's word beside the suggestion. It counts instead of it, and the systems that keep feedback are told."""
    await correcting.correct(house.tickets, feedback_id, Word(sent.causes, sent.sentiment), by=caller)
    document = await reading.one(house.tickets, feedback_id, by=caller)
    return ShownFeedback.model_validate(as_seen(house.desk, caller, document, shape="feedback"))


def _path(name: str, parents: dict[str, str | None]) -> tuple[str, ...]:
    above = parents[name]
    return (*_path(above, parents), name) if above else (name,)


def _precision(maker: str, measured: Measured) -> ShownPrecision:
    causes = [
        ShownCausePrecision(
            cause=name, right=one.right, wrong=one.wrong, missed=one.missed, precision=one.precision, recall=one.recall
        )
        for name, one in sorted(measured.causes.items())
    ]
    return ShownPrecision(by=maker, texts=measured.texts, moods=measured.moods, moods_right=measured.moods_right, causes=causes)
