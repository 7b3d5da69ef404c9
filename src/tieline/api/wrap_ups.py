"""An agent's last word on a call: how it ended, and notes; told to every system that keeps calls."""

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tieline.api.calls import CallId
from tieline.api.house import HouseOfRequest
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import call_wrapping

router = APIRouter(route_class=StrictRoute, tags=["Calls"])
Agent = Annotated[Caller, permit("calls.wrap_up")]


class WrapUpWords(BaseModel):
    """How it ended in the company's words, and what else there is to say."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"disposition": "resolved", "notes": "已换新，客户满意"}]}
    )

    disposition: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = None
    notes: Annotated[str, Field(min_length=1, max_length=5000, pattern=r"^[^\x00]+$")] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.disposition is None and self.notes is None:
            raise ValueError("say how it ended, or something about it")
        return self


@router.post(
    "/v1/calls/{call_id:path}/wrap-up",
    operation_id="wrap_up_call",
    summary="Wrap a call up",
    status_code=204,
    responses=problems({404: "There is no such call, or none of yours: `not_found`."}),
)
async def wrap_up(call_id: CallId, said: WrapUpWords, caller: Agent, house: HouseOfRequest) -> None:
    """Say how a call ended. A later word replaces an earlier one, here and in every system that keeps calls."""
    await call_wrapping.wrap_up(house.tickets, call_id, disposition=said.disposition, notes=said.notes, by=caller)
