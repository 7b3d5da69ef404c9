"""The connected systems and how each stands; they are changed in `connection_settings`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.lists import Page
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.security.declarations import permit
from tieline.services import connection_states
from tieline.services.connection_states import ConnectionState
from tieline.services.house import House

router = APIRouter(route_class=StrictRoute, tags=["People and systems"])


class ShownStream(BaseModel):
    """How it stands with an exchange that is listened to; `updated_at` is the listener's last sign of life."""

    model_config = ConfigDict(frozen=True)

    kind: Annotated[str, Field(description="`ami`, `ari` or `esl`.")]
    state: Annotated[str, Field(description="`connecting`, `up` or `lost`.")]
    connected_at: Annotated[datetime | None, Field(description="Since when the line stands.")]
    last_event_at: datetime | None
    heard: Annotated[int, Field(description="Messages heard since it was set up.")]
    gaps: Annotated[int, Field(description="How often the line was lost; what was missed is put right from what goes on after.")]
    filtered: Annotated[bool, Field(description="The exchange sends only what was asked for.")]
    fault: Annotated[str | None, Field(description="Why the line does not stand, as a code.")]
    updated_at: datetime


class ShownSubscription(BaseModel):
    """Whether the system tells us what happens, where that ends by itself and is renewed."""

    model_config = ConfigDict(frozen=True)

    state: Annotated[
        Literal["wanted", "active", "missing", "doubtful"],
        Field(
            description="`wanted`: not asked for yet. `missing`: there is none; `fault` says why. `doubtful`: it was asked for, "
            "and nobody knows whether it came about; look there, then pause and resume the connection."
        ),
    ]
    expires_at: Annotated[datetime | None, Field(description="Until when it holds.")]
    kept_at: Annotated[datetime | None, Field(description="When it was last made or renewed.")]
    retry_at: Annotated[datetime | None, Field(description="When it is tried again after a failure.")]
    failures: Annotated[int, Field(description="Attempts in a row that failed.")]
    fault: Annotated[str | None, Field(description="Why the last attempt failed, as a code.")]


class ShownConnection(BaseModel):
    """A connected system. Its address and its secrets are never shown."""

    model_config = ConfigDict(frozen=True)

    name: str
    connector: str | None
    standing: Annotated[
        Literal["up", "degraded", "trying", "paused", "misconfigured", "switched_off"],
        Field(
            description="`paused`: it failed repeatedly or asked us to slow down, and is left alone for a while. `degraded`: it "
            "answers, and its records hold fields the mapping can no longer read, or should tell us what happens and does not. "
            "`switched_off`: an administrator paused it."
        ),
    ]
    operations: tuple[str, ...]
    answers: Annotated[tuple[str, ...], Field(description="The kinds of records it is asked for.")]
    paused_s: Annotated[float, Field(description="Seconds until it is asked again.")]
    fault: Annotated[str | None, Field(description="Why it could not be opened, as a code.")] = None
    drifted: Annotated[tuple[str, ...], Field(description="Those fields, as `ticket.status`.")] = ()
    stream: Annotated[ShownStream | None, Field(description="For an exchange that is listened to.")] = None
    subscription: Annotated[
        ShownSubscription | None, Field(description="For a system that is asked to tell us, and forgets it after a while.")
    ] = None


ConnectionName = Annotated[str, Path(max_length=60, description="The administrator's name for it.", examples=["crm"])]


@router.get(
    "/v1/connections",
    operation_id="list_connections",
    summary="List the connected systems",
    dependencies=[permit("connections.read")],
)
async def list_connections(house: HouseOfRequest) -> Page[ShownConnection]:
    """Return every connection and how it stands at this moment in the answering process, without asking the vendors."""
    found = await _with_upkeep(house, connection_states.connections(house.directory))
    return Page(items=[ShownConnection.model_validate(each, from_attributes=True) for each in found])


@router.get(
    "/v1/connections/{name}/health",
    operation_id="get_connection_health",
    summary="How does one connected system stand?",
    dependencies=[permit("connections.read")],
    responses=problems({404: "There is no such connection: `not_found`."}),
)
async def connection_health(name: ConnectionName, house: HouseOfRequest) -> ShownConnection:
    """Tell what the last calls to the system came to. The vendor is not asked."""
    found = await _with_upkeep(house, [connection_states.connection(house.directory, name)])
    return ShownConnection.model_validate(found[0], from_attributes=True)


async def _with_upkeep(house: House, states: Sequence[ConnectionState]) -> Sequence[ConnectionState]:
    return await connection_states.with_upkeep(house.database, house.directory, states, now=house.clock())
