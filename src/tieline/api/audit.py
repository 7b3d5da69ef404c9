"""Who asked for whose data."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import CursorsOfRequest, HouseOfRequest
from tieline.api.lists import ListQuery, Page
from tieline.api.paging import Pager
from tieline.api.strict_route import StrictRoute
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import audit_trail
from tieline.store.audit_trail import AuditFilter

router = APIRouter(route_class=StrictRoute, tags=["Administration"])
Word = Annotated[str | None, Field(max_length=200, pattern=r"^[^\x00]*$")]


class AuditQuery(ListQuery):
    """Which entries."""

    actor: Annotated[Word, Field(description="Who asked, as in `agent:1001` or `key:…`.")] = None
    action: Annotated[Word, Field(description="What was done, as in `pop.answered` or `key.revoked`.")] = None
    subject: Annotated[Word, Field(description="Whom or what it was about.")] = None
    call_id: Word = None


class ShownEntry(BaseModel):
    """One entry. It names fields and reasons, and holds no personal value."""

    model_config = ConfigDict(frozen=True)

    seq: int
    at: datetime
    actor: str
    actor_role: str | None
    action: str
    subject: str | None
    call_id: str | None
    pop_id: str | None
    details: Mapping[str, Any]


@router.get("/v1/audit", operation_id="list_audit_entries", summary="Read the audit trail")
async def list_entries(
    query: Annotated[AuditQuery, Query()],
    caller: Annotated[Caller, permit("audit.read")],
    house: HouseOfRequest,
    cursors: CursorsOfRequest,
) -> Page[ShownEntry]:
    """Return entries, the newest first. Reading the trail is itself an entry."""
    pager = Pager("audit", query, cursors)
    place = pager.place
    wanted = AuditFilter(actor=query.actor, action=query.action, subject=query.subject, call_id=query.call_id)
    entries = await audit_trail.read(
        house.database, wanted, before=int(place[0]) if place else None, limit=pager.fetch, asker=caller, now=house.clock()
    )
    return pager.page(
        entries,
        place=lambda entry: (entry.seq,),
        show=lambda entry: ShownEntry.model_validate(entry, from_attributes=True),
    )
