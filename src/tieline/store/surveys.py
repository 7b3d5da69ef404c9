"""Surveys as rows: proposed, decided, found by their token, listed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.survey import ASKED, Survey, SurveyState
from tieline.store.tables_surveys import surveys

PERSON_LOCK: Final = 7_351
"""First half of the advisory lock on a person; the second is the hash of a key of theirs."""
_PLAIN: Final = tuple(Survey.model_fields)


@dataclass(frozen=True, slots=True)
class SurveyFilter:
    """Which surveys are wanted; None: any."""

    state: SurveyState | None = None
    interaction_id: UUID | None = None
    call_id: str | None = None
    ticket_id: UUID | None = None
    customer_ref: str | None = None
    agent: str | None = None


async def propose(tx: AsyncConnection, one: Survey) -> bool:
    """Keep an occasion; False: it was kept before, whatever came of it."""
    statement = insert(surveys).values(_values(one)).on_conflict_do_nothing(index_elements=["occasion", "subject"])
    return (await tx.execute(statement)).rowcount == 1


async def save(tx: AsyncConnection, one: Survey) -> None:
    """Write a survey that was locked before."""
    await tx.execute(update(surveys).where(surveys.c.id == one.id).values(_values(one)))


async def find(conn: AsyncConnection, survey_id: UUID) -> Survey | None:
    """Return one."""
    return _one((await conn.execute(_all().where(surveys.c.id == survey_id))).one_or_none())


async def lock(tx: AsyncConnection, survey_id: UUID) -> Survey | None:
    """Return one that nobody else changes until the transaction ends."""
    return _one((await tx.execute(_all().where(surveys.c.id == survey_id).with_for_update())).one_or_none())


async def by_token(conn: AsyncConnection, token_hash: bytes) -> Survey | None:
    """Return the survey whose page has this token."""
    return _one((await conn.execute(_all().where(surveys.c.token_hash == token_hash))).one_or_none())


async def of_subject(conn: AsyncConnection, occasion: str, subject: str) -> Survey | None:
    """Return the survey of one occasion."""
    query = _all().where(surveys.c.occasion == occasion, surveys.c.subject == subject)
    return _one((await conn.execute(query)).one_or_none())


async def undecided(conn: AsyncConnection, *, limit: int) -> Sequence[UUID]:
    """Return occasions nobody looked at yet, the oldest first."""
    query = select(surveys.c.id).where(surveys.c.state == "proposed").order_by(surveys.c.proposed_at).limit(limit)
    return list((await conn.execute(query)).scalars())


async def lock_person(tx: AsyncConnection, keys: Iterable[str]) -> None:
    """Let one transaction at a time decide about somebody known by these keys; always in one order."""
    for key in sorted(keys):
        await tx.execute(select(func.pg_advisory_xact_lock(PERSON_LOCK, func.hashtext(key))))


async def asked_last(conn: AsyncConnection, keys: Sequence[str], *, but_not: UUID) -> datetime | None:
    """Return when anybody known by one of these keys was last asked."""
    whose = or_(surveys.c.phone.in_(keys), surveys.c.customer_ref.in_(keys))
    query = select(func.max(surveys.c.decided_at)).where(whose, surveys.c.state.in_(ASKED), surveys.c.id != but_not)
    found: datetime | None = (await conn.execute(query)).scalar_one()
    return found


async def expire(tx: AsyncConnection, *, now: datetime) -> int:
    """Close what nobody answered in time, and return how many."""
    late = update(surveys).where(surveys.c.state.in_(["sending", "sent"]), surveys.c.expires_at <= now)
    return (await tx.execute(late.values(state="expired"))).rowcount


async def forget(tx: AsyncConnection, *, refused_before: datetime) -> int:
    """Delete occasions at which nobody was asked, and return how many."""
    old = surveys.delete().where(surveys.c.state == "refused", surveys.c.proposed_at < refused_before)
    return (await tx.execute(old)).rowcount


async def page(
    conn: AsyncConnection, wanted: SurveyFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Survey]:
    """Return surveys, the last proposed first, from just past `after` (proposed_at, id)."""
    query = _all().order_by(surveys.c.proposed_at.desc(), surveys.c.id.desc()).limit(limit)
    for name in SurveyFilter.__dataclass_fields__:
        if getattr(wanted, name) is not None:
            query = query.where(surveys.c[name] == getattr(wanted, name))
    if after is not None:
        query = query.where(tuple_(surveys.c.proposed_at, surveys.c.id) < tuple_(*after))
    return [Survey.model_validate(row._asdict()) for row in await conn.execute(query)]


def _all() -> Select[Any]:
    return select(*(surveys.c[name] for name in _PLAIN))


def _values(one: Survey) -> dict[str, Any]:
    return {**dict(one), "reasons": list(one.reasons)}


def _one(row: Row[Any] | None) -> Survey | None:
    return Survey.model_validate(row._asdict()) if row is not None else None
