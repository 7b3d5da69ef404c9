"""What waits for a second person: listed for whoever may decide it, and decided by somebody who did not ask it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.lists import Page
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import approvals
from tieline.store.approvals import ApprovalRow, Verdict

router = APIRouter(route_class=StrictRoute, tags=["Administration"])
Decider = Annotated[Caller, permit("approvals.decide")]
ApprovalId = Annotated[UUID, Path(description="`approval` of the refusal `second_person_required`, or an item's `id`.")]


class ShownApproval(BaseModel):
    """One thing that asks for a second person. Whom of the customers it is about is not kept: ask whoever asks."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    action: Annotated[str, Field(description="As in docs/rights.md.", examples=["rules.loosen"])]
    details: Annotated[Mapping[str, Any], Field(examples=[{"instead_of": 3, "rules": ["customers: key accounts"]}])]
    asked_by: Annotated[str, Field(examples=["agent:2001"])]
    asked_at: datetime
    expires_at: Annotated[datetime, Field(description="Undecided: a day after it was asked; approved: an hour after that.")]
    verdict: Verdict | None
    decided_by: str | None
    decided_at: datetime | None
    may_decide: Annotated[bool, Field(description="Whether you can be the second person.")]


class Decision(BaseModel):
    """Whether it may be done."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"verdict": "approved"}]})

    verdict: Verdict


@router.get("/v1/approvals", operation_id="list_approvals", summary="What waits for a second person?")
async def list_approvals(caller: Decider, house: HouseOfRequest) -> Page[ShownApproval]:
    """Return what is neither used nor over, of what you may decide or asked yourself, the oldest first."""
    rows = await approvals.waiting(house.desk, by=caller)
    return Page(items=[_shown(row, caller) for row in rows])


@router.post(
    "/v1/approvals/{approval_id}/decide",
    operation_id="decide_approval",
    summary="Approve or refuse what somebody else asks",
    responses=problems(
        {
            403: "Not you: `approval_of_own`, `approval_by_key`, `approval_key_of_asker`; `forbidden`, `scope_missing`.",
            404: "There is no such thing that you may decide: `not_found`.",
            409: "It was decided before, or its time is over: `approval_over`.",
        }
    ),
)
async def decide_approval(approval_id: ApprovalId, decision: Decision, caller: Decider, house: HouseOfRequest) -> ShownApproval:
    """Decide. What is approved can be done once within an hour: by whoever asked, by asking the very same again."""
    return _shown(await approvals.decide(house.desk, approval_id, decision.verdict, by=caller), caller)


def _shown(row: ApprovalRow, caller: Caller) -> ShownApproval:
    shown = {name: getattr(row, name) for name in ShownApproval.model_fields if name != "may_decide"}
    return ShownApproval(**shown, may_decide=approvals.may_decide(row, by=caller))
