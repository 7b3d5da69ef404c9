"""A person says what a text is really about. Their word stands beside the suggestion, counts instead of it, and is told on.

Who says the same as was suggested confirms it: both feed the figures of how good suggestions are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID

from tieline.domain.errors import NotFound, RequestRefused
from tieline.domain.understanding import Sentiment
from tieline.domain.understanding_measure import Judged, Measured, by_maker
from tieline.security.permissions import Caller
from tieline.services.feedback import intake
from tieline.services.reports.asking import days_of
from tieline.services.tickets.desk import TicketDesk
from tieline.services.understanding.suggesting import book_of
from tieline.store import audit_trail, feedback
from tieline.store.journal_rows import AuditRow

LOOKED_BACK_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says: causes of the tree that holds, and the mood; None: they say nothing of it."""

    causes: tuple[str, ...]
    sentiment: Sentiment | None = None


async def correct(desk: TicketDesk, feedback_id: UUID, word: Word, *, by: Caller) -> None:
    """Keep a person's word; the same again changes nothing. Raises: NotFound. RequestRefused: no such cause (`cause_unknown`)."""
    book, now = book_of(desk.directory.now), desk.clock()
    if not set(word.causes) <= book.entry.causes.keys():
        raise RequestRefused("The tree has no such cause.", code="cause_unknown")
    said = {"causes": list(dict.fromkeys(word.causes)), "sentiment": word.sentiment}
    async with desk.database.begin() as tx:
        known = await feedback.lock(tx, feedback_id)
        if known is None:
            raise NotFound
        if known.corrected is not None and said.items() <= known.corrected.items():
            return
        await feedback.note_corrected(tx, feedback_id, {**said, "by": by.actor, "at": now.isoformat(), "version": book.version})
        await feedback.save(tx, known.feedback.model_copy(update={"revision": known.feedback.revision + 1}))
        await audit_trail.write(tx, _note(feedback_id, now, known.corrected, said, by))
        await intake.follow(tx, desk, feedback_id, by=by)


async def precision(desk: TicketDesk, since: date | None, until: date | None) -> Mapping[str, Measured]:
    """Return how good suggestions were by people's word, by who made them; the last ninety days unless asked otherwise.

    Raises: as `days_of`.
    """
    span = days_of(desk, since, until, usual=LOOKED_BACK_DAYS)
    begins, ends = (datetime.combine(day, time(), desk.policy.zone) for day in (span.since, span.until))
    async with desk.database.read() as conn:
        found = await feedback.corrected(conn, since=begins, until=ends)
    return by_maker((meant["by"], _judged(meant, said)) for meant, said in found)


def _judged(meant: Mapping[str, Any], said: Mapping[str, Any]) -> Judged:
    suggested = frozenset(one["id"] for one in meant["causes"])
    return Judged(suggested, frozenset(said["causes"]), meant["sentiment"], said["sentiment"])


def _note(feedback_id: UUID, now: datetime, before: Mapping[str, Any] | None, said: Mapping[str, Any], by: Caller) -> AuditRow:
    return AuditRow(
        at=now,
        actor=by.actor,
        actor_role=by.role,
        action="feedback.corrected",
        subject=f"feedback:{feedback_id}",
        details={"causes": said["causes"], "sentiment": said["sentiment"], "again": before is not None},
    )
