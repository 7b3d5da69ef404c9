"""Lets go of what is kept no longer than it is needed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tieline.security.field_catalogue import field_catalogue
from tieline.services.session_opening import SESSION_IDLE
from tieline.store import (
    agent_events,
    api_keys,
    deliveries,
    happenings,
    idempotency,
    inbox,
    local_admins,
    number_marks,
    object_versions,
    pop_codes,
    pops,
    reviews,
    secrets,
    sessions,
    sign_ins,
    surveys,
)
from tieline.store.database import Database

_TERMS: Final = field_catalogue().retention
UNREAD: Final = _TERMS["unread_bodies"]
"""How long what came sealed with a secret that was replaced may yet have to be opened."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept, as the catalogue of fields says.

    An agent's events must outlast the longest live card; arrivals, the longest repetition.

    Deliveries are counted from their end: what stands still is kept until a person deals with it.
    """

    agent_events: timedelta = _TERMS["cards"]
    pop_codes: timedelta = _TERMS["codes"]
    pop_traces: timedelta = _TERMS["traces"]
    arrivals: timedelta = _TERMS["arrivals"]
    choices: timedelta = _TERMS["choices"]
    deliveries: timedelta = _TERMS["deliveries"]
    newest_news: timedelta = _TERMS["newest_news"]
    failures: timedelta = _TERMS["sessions"]
    happenings: timedelta = _TERMS["happenings"]
    refused_surveys: timedelta = _TERMS["refused_surveys"]


async def tidy(database: Database, retention: Retention, now: datetime) -> int:
    """Delete what is past its time and return how many rows that were."""
    async with database.begin() as tx:
        gone = await agent_events.forget(tx, before=now - retention.agent_events)
        gone += await pop_codes.forget(tx, expired_before=now - retention.pop_codes)
        gone += await sessions.drop_ended(tx, now=now, idle=SESSION_IDLE)
        gone += await sign_ins.forget_marks(tx, now=now)
        gone += await local_admins.forget_failures(tx, before=now - retention.failures)
        gone += await api_keys.forget(tx, now=now)
        gone += await secrets.forget_formers(tx, before=now - UNREAD)
        gone += await idempotency.forget(tx, now=now)
        gone += await number_marks.forget_choices(tx, before=now - retention.choices)
    async with database.begin() as tx:
        gone += await pops.forget_traces(tx, promised_before=now - retention.pop_traces)
        gone += await inbox.forget(tx, received_before=now - retention.arrivals)
    async with database.begin() as tx:
        gone += await deliveries.forget(tx, settled_before=now - retention.deliveries)
        gone += await object_versions.forget(tx, seen_before=now - retention.newest_news)
        gone += await surveys.forget(tx, refused_before=now - retention.refused_surveys)
        return gone + await happenings.forget(tx, recorded_before=now - retention.happenings)


async def expire_surveys(database: Database, now: datetime) -> int:
    """Close the surveys nobody answered in time, and return how many."""
    async with database.begin() as tx:
        return await surveys.expire(tx, now=now)


async def expire_reviews(database: Database, now: datetime) -> int:
    """Close the questions nobody answered in time, and return how many."""
    async with database.begin() as tx:
        return await reviews.expire(tx, now=now)
