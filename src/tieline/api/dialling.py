"""Click-to-dial."""

from typing import Annotated, Self

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tieline.api.house import HouseOfRequest
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.domain.errors import NotFound
from tieline.domain.references import ExternalRef
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import dialling

router = APIRouter(route_class=StrictRoute, tags=["Calls"])

Dialler = Annotated[Caller, permit("calls.dial")]
IdempotencyKey = Annotated[
    str,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The asker's own name for the wish. Asked again with it, nobody is rung a second time.",
        examples=["click-7f3a"],
    ),
]
_TROUBLE = problems(
    {
        403: "Another's telephone: `agent_not_yours`; a customer in no call of theirs: `customer_not_in_call`.",
        404: "No such agent, customer or exchange: `not_found`.",
        409: "In a call, or being rung for one: `agent_busy`; `agent_without_telephone`; the telephone cannot be rung: "
        "`agent_unreachable`; the customer is not to be called: `do_not_disturb`.",
        422: "No number to dial: `number_missing`; not a number: `phone_invalid`; several exchanges: `exchange_unclear`.",
        502: "The exchange did not do it (`upstream_config` …); after `upstream_unknown` it may ring all the same.",
        504: "The exchange did not answer in time: `upstream_timeout`; it may ring all the same.",
    }
)


class WishedCall(BaseModel):
    """Who is to be connected with whom. Exactly one of `to` and `customer_ref`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: Annotated[str, Field(min_length=1, max_length=200, description="Whose telephone rings first.", examples=["1001"])]
    to: Annotated[
        str | None, Field(min_length=1, max_length=200, description="The number, in any spelling.", examples=["+8613800138000"])
    ] = None
    customer_ref: Annotated[
        str | None,
        Field(max_length=300, description="The customer, whose number the asker need not be allowed to see.", examples=[None]),
    ] = None
    connection: Annotated[str | None, Field(max_length=60, description="The exchange, where there are several.")] = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.to is None) == (self.customer_ref is None):
            raise ValueError("give to or customer_ref, one of them")
        return self


class PlacedCall(BaseModel):
    """The call, to be followed at `/v1/calls/{call_id}`. `duplicate`: it was asked for before, and nothing was done now."""

    model_config = ConfigDict(frozen=True)

    call_id: str
    connection: str
    agent: str
    duplicate: bool


@router.post("/v1/calls", operation_id="dial", summary="Call a customer (click-to-dial)", status_code=202, responses=_TROUBLE)
async def dial(wish: WishedCall, idempotency_key: IdempotencyKey, caller: Dialler, house: HouseOfRequest) -> PlacedCall:
    """Ring the agent's telephone; once it is lifted, the exchange calls the customer. Never repeated by itself."""
    wished = dialling.DialWish(
        agent=wish.agent,
        key=idempotency_key,
        to=wish.to,
        customer_ref=_reference(wish.customer_ref),
        connection=wish.connection,
    )
    placed = await dialling.dial(house, wished, caller=caller, now=house.clock())
    return PlacedCall.model_validate(placed, from_attributes=True)


def _reference(written: str | None) -> ExternalRef | None:
    try:
        return None if written is None else ExternalRef.parse(written)
    except ValueError as exc:
        raise NotFound from exc
