"""Lets go of what is kept no longer than it is needed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tieline.domain.match_shared import CHOICES_WITHIN
from tieline.push.channel import LIVE_AT_MOST
from tieline.services.access import SESSION_IDLE
from tieline.store import agent_events, api_keys, inbox, number_marks, pop_codes, pops, reviews, sessions
from tieline.store.database import Database


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept. An agent's events must outlast the longest live card; arrivals, the longest repetition."""

    agent_events: timedelta = LIVE_AT_MOST + timedelta(hours=1)
    pop_codes: timedelta = timedelta(days=1)
    pop_traces: timedelta = timedelta(days=90)
    arrivals: timedelta = timedelta(days=90)


async def tidy(database: Database, retention: Retention, now: datetime) -> int:
    """Delete what is past its time and return how many rows that were."""
    async with database.begin() as tx:
        gone = await agent_events.forget(tx, before=now - retention.agent_events)
        gone += await pop_codes.forget(tx, expired_before=now - retention.pop_codes)
        gone += await sessions.drop_ended(tx, now=now, idle=SESSION_IDLE)
        gone += await api_keys.forget(tx, now=now)
        gone += await number_marks.forget_choices(tx, before=now - CHOICES_WITHIN)
    async with database.begin() as tx:
        gone += await pops.forget_traces(tx, promised_before=now - retention.pop_traces)
        return gone + await inbox.forget(tx, received_before=now - retention.arrivals)


async def expire_reviews(database: Database, now: datetime) -> int:
    """Close the questions nobody answered in time, and return how many."""
    async with database.begin() as tx:
        return await reviews.expire(tx, now=now)
