"""The agent's side of a pop: the live channel, the acknowledgement, the choice among several, the page behind a code."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sse_starlette import EventSourceResponse

from tieline.api.agent_stream import allowed_to_follow, event_stream, position_in
from tieline.api.house import HouseOfRequest
from tieline.api.link_to import LinkTo
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.domain.errors import NotAllowed
from tieline.push.channel import Channel
from tieline.security.declarations import permit, public
from tieline.security.permissions import Caller
from tieline.services.agent_pops import AgentPops, Verdict
from tieline.services.pop_watching import for_the_eyes_of

NO_SUCH_POP: Final = "There is no such pop, or it is not this agent's: `not_found`."

router = APIRouter(route_class=StrictRoute, prefix="/v1", tags=["Screen pops"])

AgentId = Annotated[str, Path(min_length=1, max_length=200, description="The agent's id.")]
PopId = Annotated[str, Path(min_length=1, max_length=200, description="The pop's id.")]
Follower = Annotated[Caller, permit("pops.read")]
Answerer = Annotated[Caller, permit("pops.answer")]
Linker = Annotated[Caller, permit("reviews.decide")]


class Choice(BaseModel):
    """Who is calling."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: Annotated[str, Field(min_length=3, max_length=300, description="The candidate's `ref`.", examples=["crm:003xx"])]
    remember: Annotated[bool, Field(description="Take this one for the number from now on, for 180 days.")] = False


class Said(BaseModel):
    """What the agent makes of a caller nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"verdict": "review_later"}]})

    verdict: Verdict


class Code(BaseModel):
    """The one-time code of a pop page's address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, Field(min_length=1, max_length=200, examples=["Zm9vYmFy…"])]


class Opened(BaseModel):
    """The card and what follows it: `key` is a bearer token for this agent's pops, good for four hours."""

    model_config = ConfigDict(frozen=True)

    pop: Annotated[dict[str, Any], Field(description="A screen pop, as `GET /v1/screen-pop` answers it.")]
    agent: str | None
    key: str | None


@router.get(
    "/agents/{agent}/pops",
    summary="Follow an agent's pops",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "`pop.show`, `pop.update`, `pop.withdraw`, `ticket.moved`, `resync`",
            "content": {"text/event-stream": {}},
        }
    },
)
async def follow(
    request: Request,
    agent: AgentId,
    caller: Follower,
    house: HouseOfRequest,
    last_event_id: Annotated[str | None, Header(max_length=40, description="Resume behind this event.")] = None,
) -> EventSourceResponse:
    """Stream what happens on an agent's screen, as server-sent events, for as long as the connection lasts.

    `pop.show` and `pop.update` carry the whole screen pop, `pop.withdraw` the reason. `ticket.moved`: a ticket of
    ours on the card stands differently; read `/v1/pops/{pop_id}/tickets`. Without `Last-Event-ID`, or when it is too
    old, the stream begins with a `pop.show` for each live pop and a `resync` that names them: any other card is over.
    Whoever looks at a colleague's screen sees of it what their own role may see.
    """
    require_desk_of(caller, agent)
    channel: Channel[Any] = house.channel
    heard = channel.subscribe(agent, position_in(last_event_id))
    return event_stream(for_the_eyes_of(house.desk, caller, agent, heard), allowed_to_follow(request, agent))


@router.post(
    "/agents/{agent}/pops/{pop_id}/ack", summary="Acknowledge a pop", status_code=204, responses=problems({404: NO_SUCH_POP})
)
async def acknowledge(request: Request, agent: AgentId, pop_id: PopId, caller: Answerer) -> None:
    """Say that the pop is on the agent's screen. May be said again."""
    require_desk_of(caller, agent)
    await _pops(request).acknowledge(pop_id, agent=agent, by=caller)


@router.post(
    "/pops/{pop_id}/choose",
    summary="Say who is calling",
    status_code=204,
    responses=problems({404: NO_SUCH_POP, 409: "The card was taken back: `pop_withdrawn`."}),
)
async def choose(request: Request, pop_id: PopId, choice: Choice, caller: Answerer) -> None:
    """Choose one of the candidates. The card follows on the live channel."""
    await _pops(request).choose(pop_id, choice.ref, remember=choice.remember, by=caller)


@router.post(
    "/pops/{pop_id}/link",
    summary="Say whose number an unknown caller's is",
    status_code=204,
    responses=problems(
        {
            404: NO_SUCH_POP,
            409: "The card was taken back: `pop_withdrawn`. The caller is known, or hides the number: `nothing_to_review`.",
        }
    ),
)
async def link(request: Request, pop_id: PopId, to: LinkTo, caller: Linker) -> None:
    """Keep the number with a customer, unverified, and show them on the card; earlier calls from it become theirs, too.

    It is the decision of the question the number would leave (`/v1/reviews`), and can be taken back there for 30 days. No system
    is written to.
    """
    await _pops(request).link(pop_id, to.reference, by=caller)


@router.post(
    "/pops/{pop_id}/ask-again",
    summary="Ask the systems again",
    status_code=204,
    responses=problems({404: NO_SUCH_POP, 409: "The card was taken back: `pop_withdrawn`."}),
)
async def ask_again(request: Request, pop_id: PopId, caller: Answerer) -> None:
    """Put the same question to every system once more. The card follows on the live channel."""
    await _pops(request).ask_again(pop_id, by=caller)


@router.post(
    "/pops/{pop_id}/review",
    summary="Leave an unknown caller to a reviewer",
    status_code=204,
    responses=problems({404: NO_SUCH_POP, 409: "The caller is known, or hides the number: `nothing_to_review`."}),
)
async def leave_for_review(request: Request, pop_id: PopId, said: Said, caller: Answerer) -> None:
    """Add what the agent makes of the call to the number's open question. Nothing is decided, and no system is written to."""
    await _pops(request).leave_for_review(pop_id, said.verdict, by=caller)


@router.post(
    "/pops/{pop_id}/open",
    summary="Open a pop page",
    dependencies=[public("the one-time code is the permission")],
    responses=problems({404: "No such code: `not_found`.", 410: "The code was used or has expired: `pop_code_gone`."}),
)
async def open_page(request: Request, pop_id: PopId, code: Code) -> Opened:
    """Exchange the one-time code of a pop page's address for the card. It works once, and for one minute."""
    opened = await _pops(request).open(pop_id, code.code)
    return Opened(pop=opened.pop, agent=opened.agent, key=opened.key)


def require_desk_of(caller: Caller, agent: str) -> None:
    """Raises: NotAllowed: the caller may not see or act for this agent."""
    if not caller.speaks_for(agent):
        raise NotAllowed


def _pops(request: Request) -> AgentPops:
    pops: AgentPops = request.app.state.house.agent_pops
    return pops
