"""The public page of a survey as JSON, and for those inside: whom we asked, and why not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.feedback_shapes import CallId, TicketId
from tieline.api.house import CursorsOfRequest, HouseOfRequest
from tieline.api.lists import ListQuery, Page
from tieline.api.openapi import problems
from tieline.api.paging import Pager
from tieline.api.strict_route import StrictRoute
from tieline.api.tickets_sent import Ref
from tieline.domain.survey import Occasion, SurveyLanguage, SurveyState
from tieline.security.client_address import client_address
from tieline.security.declarations import permit, public
from tieline.security.permissions import Caller
from tieline.services.seeing import as_seen
from tieline.services.surveys import page, prompting, reading
from tieline.services.surveys.answering import LONGEST_TEXT
from tieline.services.surveys.page import Visit
from tieline.services.tickets.fields import Text
from tieline.store.surveys import SurveyFilter

router = APIRouter(route_class=StrictRoute, tags=["Feedback"])
Reader = Annotated[Caller, permit("surveys.read")]
Exchange = Annotated[Caller, permit("surveys.prompt")]
WHOEVER_HAS_THE_LINK = public("whoever was sent the link answers; nothing of the customer is shown")
Token = Annotated[str, Path(max_length=200, description="From the link the customer was sent.")]
_shown = ConfigDict(frozen=True)
_PAGE = {
    404: "There is no such survey: `not_found`.",
    410: "Its time is over, or the customer wants no more of them: `gone`.",
    429: "Too many surveys that do not exist were asked for from this address: `rate_limited`.",
}


class ShownQuestion(BaseModel):
    """What a survey asks. `low` and `high` stand at the ends of the scale; `answered`: it was, and takes no other answer."""

    model_config = _shown

    kind: str
    question: str
    low: str
    high: str
    lowest: int
    highest: int
    language: SurveyLanguage
    answered: bool


class SurveyAnswer(BaseModel):
    """The customer's answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"score": 5, "text": "很耐心"}]})

    score: int
    text: Annotated[Text | None, Field(max_length=LONGEST_TEXT)] = None


class Thanks(BaseModel):
    """It is taken. `repeated`: it had been answered before, and that answer stands."""

    model_config = _shown

    repeated: bool


class OptedOut(BaseModel):
    """We ask this customer no more."""

    model_config = _shown

    opted_out: bool = True


class SurveyQuery(ListQuery):
    """Which surveys."""

    state: SurveyState | None = None
    call_id: CallId | None = None
    ticket_id: TicketId | None = None
    customer: Ref | None = None
    agent: Annotated[str | None, Field(max_length=64)] = None


class ShownSurvey(BaseModel):
    """One occasion to ask. `reasons`: why nobody was asked, each by its name, or which ways failed."""

    model_config = _shown

    id: str
    occasion: Occasion
    state: SurveyState
    reasons: Sequence[str]
    template: str | None
    version: Annotated[int | None, Field(description="Of the survey rules it was decided by.")]
    language: SurveyLanguage | None
    way: str | None
    call_id: str | None
    ticket_id: str | None
    customer_ref: str | None
    phone: str | None
    agent: str | None
    proposed_at: datetime
    decided_at: datetime | None
    sent_at: datetime | None
    reminded_at: datetime | None
    expires_at: datetime | None
    answered_at: datetime | None
    feedback_id: str | None


class PromptWish(BaseModel):
    """The call at whose end the exchange may ask."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"call_id": "c-42"}]})

    call_id: CallId


class Prompt(BaseModel):
    """Whether to ask; if so what, and the token to answer under (`POST /v1/surveys/{token}`). `reasons`: why not."""

    model_config = _shown

    ask: bool
    reasons: Sequence[str] = ()
    token: str | None = None
    question: ShownQuestion | None = None


@router.get("/v1/surveys", operation_id="list_surveys", summary="Whom did we ask, and why not?")
async def list_surveys(
    query: Annotated[SurveyQuery, Query()], caller: Reader, house: HouseOfRequest, cursors: CursorsOfRequest
) -> Page[ShownSurvey]:
    """Return occasions to ask, the last first. An agent sees those about their own work."""
    pager = Pager("surveys", query, cursors)
    wanted = SurveyFilter(
        state=query.state,
        call_id=query.call_id,
        ticket_id=UUID(query.ticket_id) if query.ticket_id else None,
        customer_ref=query.customer,
        agent=query.agent,
    )
    items = await reading.page(house.surveys, wanted, after=pager.after, limit=pager.fetch, by=caller)
    return pager.page(
        items,
        place=lambda item: (item["proposed_at"], item["id"]),
        show=lambda item: ShownSurvey.model_validate(_seen(house, caller, item)),
    )


@router.post(
    "/v1/survey-prompts",
    operation_id="ask_for_survey_prompt",
    summary="Shall the exchange ask at the end of this call?",
    responses=problems({404: "There is no such call: `not_found`."}),
)
async def prompt(wish: PromptWish, _caller: Exchange, house: HouseOfRequest) -> Prompt:
    """Decide for a call that is about to end; asked again, the same. What the caller keys in is posted under the token."""
    decided = await prompting.prompt(house.surveys, wish.call_id)
    if decided.token is None or decided.asked is None:
        return Prompt(ask=False, reasons=decided.reasons)
    return Prompt(ask=True, token=decided.token, question=_question(page.worded(decided.asked, None)))


@router.get(
    "/v1/surveys/{token}",
    operation_id="get_survey",
    summary="What does the survey ask?",
    dependencies=[WHOEVER_HAS_THE_LINK],
    responses=problems(_PAGE),
)
async def get_survey(
    token: Token,
    house: HouseOfRequest,
    request: Request,
    lang: Annotated[SurveyLanguage | None, Query(description="Left out: the language it was sent in.")] = None,
) -> ShownQuestion:
    """Return the question, and nothing of the customer."""
    return _question(await page.look(house.surveys, _visit(request, token), language=lang))


@router.post(
    "/v1/surveys/{token}",
    operation_id="answer_survey",
    summary="Answer the survey",
    dependencies=[WHOEVER_HAS_THE_LINK],
    responses=problems(
        {**_PAGE, 422: "The score does not fit its scale: `score_range`; or the body does not fit: `field_length` …"}
    ),
)
async def answer_survey(token: Token, said: SurveyAnswer, house: HouseOfRequest, request: Request) -> Thanks:
    """Take the customer's answer, once; the same or another one again changes nothing and says so."""
    taken = await page.answer(house.surveys, _visit(request, token), score=said.score, text=said.text)
    return Thanks(repeated=not taken)


@router.post(
    "/v1/surveys/{token}/opt-out",
    operation_id="opt_out_of_surveys",
    summary="Ask this customer no more",
    dependencies=[WHOEVER_HAS_THE_LINK],
    responses=problems({404: _PAGE[404], 429: _PAGE[429]}),
)
async def opt_out(token: Token, house: HouseOfRequest, request: Request) -> OptedOut:
    """Write down that the customer wants no surveys: under their number and their reference."""
    await page.opt_out(house.surveys, _visit(request, token))
    return OptedOut()


def _visit(request: Request, token: str) -> Visit:
    return Visit(token, client_address(request))


def _question(worded: page.Worded) -> ShownQuestion:
    return ShownQuestion(**{name: getattr(worded, name) for name in ShownQuestion.model_fields})


def _seen(house: HouseOfRequest, caller: Caller, document: dict[str, Any]) -> dict[str, Any]:
    return as_seen(house.desk, caller, document, shape="survey")
