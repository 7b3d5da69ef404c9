"""Who is on the line with an agent: the questions behind "may this agent look it up?" and "may they be rung?"."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

LONGEST_CALL: Final = timedelta(hours=5)
"""Longer than the sweeper lets a silent call live; bounds the search to the agent's recent legs."""

_WITH_AGENT: Final = text("""
    SELECT EXISTS (
        SELECT FROM legs JOIN interactions AS call ON call.id = legs.interaction_id
        WHERE legs.agent = :agent AND coalesce(legs.rang_at, call.started_at) >= :begun_since
          AND (call.ended_at IS NULL OR call.ended_at >= :ended_since)
          AND coalesce(call.customer_e164, call.customer_national) = :number
    )
""")

DIALLED: Final = "dial-"
"""What the id of a call begins with that somebody had dialled for an agent."""
RINGS_FOR: Final = timedelta(minutes=1)
"""No telephone rings longer for whoever wanted to dial, though its exchange tells nobody that it stopped."""

_BUSY: Final = text("""
    SELECT EXISTS (
        SELECT FROM legs JOIN interactions AS call ON call.id = legs.interaction_id
        WHERE legs.agent = :agent AND legs.ended_at IS NULL AND call.state <> 'ended' AND (
            legs.answered_at >= :begun_since
            OR legs.answered_at IS NULL AND legs.rang_at >= :rung_since AND starts_with(call.call_key, :dialled)
        )
    )
""")


async def is_busy(conn: AsyncConnection, agent: str, *, now: datetime) -> bool:
    """Say whether an agent is talking, or being rung because somebody had a call dialled for them."""
    since = {"begun_since": now - LONGEST_CALL, "rung_since": now - RINGS_FOR}
    return bool((await conn.execute(_BUSY, {"agent": agent, "dialled": DIALLED, **since})).scalar_one())


async def is_with_agent(conn: AsyncConnection, agent: str, number: str, *, ended_since: datetime) -> bool:
    """Say whether one of the agent's calls, under way or over since `ended_since`, is with `number` (a `PhoneNumber.key`)."""
    values = {"agent": agent, "number": number, "ended_since": ended_since, "begun_since": ended_since - LONGEST_CALL}
    return bool((await conn.execute(_WITH_AGENT, values)).scalar_one())
