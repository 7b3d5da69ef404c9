"""The calls of this moment, and who is on them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.interaction import InteractionState
from tieline.store import driver_rows

UNHEARD: Final = timedelta(hours=4)
"""A call nobody has told of for so long is not going on: its end was lost, and the sweeper will say so."""

_LIVE: Final = "i.settled_at IS NULL AND i.state <> 'ended' AND NOT i.internal AND i.last_event_at >= %(heard_since)s"
_CALLS: Final = f"SELECT i.queue, i.state, i.direction, i.started_at FROM interactions AS i WHERE {_LIVE}"  # noqa: S608 - constants
_AGENTS: Final = f"""
    SELECT DISTINCT ON (legs.agent) legs.agent, legs.state, coalesce(legs.answered_at, legs.rang_at) AS since
    FROM interactions AS i JOIN legs ON legs.interaction_id = i.id
    WHERE {_LIVE} AND legs.agent IS NOT NULL AND legs.ended_at IS NULL
    ORDER BY legs.agent, legs.answered_at DESC NULLS LAST, legs.rang_at DESC NULLS LAST
"""  # noqa: S608 - constants of this file


@dataclass(frozen=True, slots=True)
class PresentCall:
    """One call that goes on."""

    queue: str | None
    state: InteractionState
    direction: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Occupied:
    """An agent with a telephone that rings or talks, the one answered last before any that rings."""

    agent: str
    state: Literal["queued", "ringing", "answered", "held"]
    since: datetime | None


async def calls(conn: AsyncConnection, *, now: datetime) -> list[PresentCall]:
    """Return every call that goes on with somebody outside."""
    return await driver_rows.rows(conn, PresentCall, _CALLS, {"heard_since": now - UNHEARD})


async def occupied(conn: AsyncConnection, *, now: datetime) -> list[Occupied]:
    """Return the agents on such a call."""
    return await driver_rows.rows(conn, Occupied, _AGENTS, {"heard_since": now - UNHEARD})
