"""What waits for a person: listed, and decided once, by whoever is first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from tieline.domain.errors import NotFound, RequestRefused, StateConflict
from tieline.domain.match_carry import LINKED
from tieline.domain.references import ExternalRef
from tieline.security.permissions import Caller
from tieline.services.unknown_callers import KINDS
from tieline.services.webhooks.webhook_questions import UNUSABLE
from tieline.store import audit_trail, call_records, identity, inbox_work, number_marks, reviews
from tieline.store.database import Database, Transaction, driver
from tieline.store.identity import IdentityKey
from tieline.store.journal_rows import AuditRow
from tieline.store.reviews import ReviewItem, ReviewState

Reason = Literal["wrong_number", "spam", "no_customer", "done", "other"]
UNDO_WITHIN: Final = timedelta(days=30)
UNDOABLE: Final = frozenset({"linked", "rejected"})
"""What is settled was done in another system, or read again; that cannot be taken back."""
ABOUT_CALLERS: Final = frozenset(KINDS.values())
TICKET_CONFLICT: Final = "ticket_conflict"
"""Both sides of a link changed a field; decided in `services/tickets/conflict_reviews`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list of items goes on: just past this one."""

    last_at: datetime
    id: UUID


async def page(
    database: Database, *, state: ReviewState, kind: str | None, after: Place | None, limit: int
) -> Sequence[ReviewItem]:
    """Return items in one state, the one asked last first."""
    async with database.read() as conn:
        return await reviews.page(conn, state=state, kind=kind, after=(after.last_at, after.id) if after else None, limit=limit)


async def find(database: Database, item_id: UUID) -> ReviewItem:
    """Return one item. Raises: NotFound."""
    async with database.read() as conn:
        item = await reviews.find(conn, item_id)
    if item is None:
        raise NotFound
    return item


def document_of(item: ReviewItem) -> dict[str, Any]:
    """Return an item as a document, unmasked. What is asked about a caller is asked about a `number`.

    Of the suggestions about a caller only what agents made of the call is told: the others may name the caller.
    """
    document = {name: getattr(item, name) for name in ReviewItem.__dataclass_fields__ if name != "subject_key"}
    about_caller = item.kind in ABOUT_CALLERS
    subject = {"number" if about_caller else "subject": item.subject_key}
    suggestions = [one for one in item.suggestions if not about_caller or "verdict" in one]
    if item.kind == TICKET_CONFLICT:
        return {**document, **subject, "id": str(item.id), "suggestions": [], "conflict": item.suggestions[0]}
    return {**document, **subject, "id": str(item.id), "suggestions": suggestions}


async def reject(database: Database, item_id: UUID, *, reason: Reason, by: Caller, now: datetime) -> ReviewItem:
    """Close an item without consequences, but for spam: such a number asks no more questions.

    Raises: NotFound. StateConflict: it is decided already.
    """
    async with database.begin() as tx:
        item = await _decide(tx, item_id, "rejected", {"reason": reason}, by=by, now=now)
        if reason == "spam" and item.kind in ABOUT_CALLERS:
            await number_marks.put_mark(tx, item.subject_key, "spam", by=by.actor, now=now)
    return item


async def link(database: Database, item_id: UUID, ref: ExternalRef, *, by: Caller, now: datetime) -> ReviewItem:
    """Say whose number it is: the number is kept with them, unverified, and their earlier calls become theirs.

    No system is written to. Raises: NotFound. StateConflict: it is decided already. RequestRefused: it asks for no customer.
    """
    async with database.begin() as tx:
        asked = await reviews.find(tx, item_id)
        if asked is not None and asked.kind in ABOUT_CALLERS:  # Calls before questions, as whoever settles a call takes them.
            await call_records.adopt(tx, asked.subject_key, str(ref), by=by.actor)
        return await give_number(tx, item_id, ref, by=by, now=now)


async def give_number(tx: Transaction, item_id: UUID, ref: ExternalRef, *, by: Caller, now: datetime) -> ReviewItem:
    """Keep the number an item asks about with a customer, to whom its calls have been given before. Raises as `link` does."""
    item = await _decide(tx, item_id, "linked", {"ref": str(ref)}, by=by, now=now)
    if item.kind not in ABOUT_CALLERS:
        raise RequestRefused("This item does not ask for a customer.", code="decision_not_offered")
    key = IdentityKey(e164=item.subject_key, connection=ref.connection, external_id=ref.id, seen_at=now, label=LINKED)
    await identity.upsert(await driver(tx), [key])
    return item


async def reject_all(
    database: Database, item_ids: Sequence[UUID], *, reason: Reason, by: Caller, now: datetime
) -> tuple[Sequence[UUID], Sequence[UUID]]:
    """Close many items without consequences; return those it closed and those somebody had decided, or that do not exist."""
    closed: list[UUID] = []
    missed: list[UUID] = []
    for item_id in dict.fromkeys(item_ids):
        try:
            await reject(database, item_id, reason=reason, by=by, now=now)
        except (NotFound, StateConflict):
            missed.append(item_id)
        else:
            closed.append(item_id)
    return closed, missed


async def read_again(database: Database, item_id: UUID, *, by: Caller, now: datetime) -> ReviewItem:
    """Have the arrivals of an item read once more, now that the connector or its mapping understands them.

    Raises: NotFound. StateConflict: it is decided already. RequestRefused: it is not about arrivals.
    """
    async with database.begin() as tx:
        item = await _decide(tx, item_id, "settled", {"decision": "read_again"}, by=by, now=now)
        if item.kind != UNUSABLE:
            raise RequestRefused("This item is not about something that arrived.", code="decision_not_offered")
        for one in item.suggestions:
            await inbox_work.again(tx, UUID(one["arrival"]))
    return item


async def undo(database: Database, item_id: UUID, *, by: Caller, now: datetime) -> ReviewItem:
    """Take a decision back that is no older than 30 days, with what followed from it here; the question is open again.

    Raises: NotFound. StateConflict: it cannot be taken back: too old, done in another system, or asked again meanwhile.
    """
    async with database.begin() as tx:
        item = await reviews.find(tx, item_id)
        if item is None:
            raise NotFound
        if item.state not in UNDOABLE or await reviews.is_open(tx, item.kind, item.subject_key):
            raise StateConflict("This decision cannot be taken back.", code="review_not_undoable")
        if item.state == "linked" and item.decision is not None:  # Calls before questions, here too.
            await call_records.disown(tx, item.subject_key, item.decision["ref"], by=item.decided_by or "")
        if await reviews.reopen(tx, item_id, decided_after=now - UNDO_WITHIN) is None:
            raise StateConflict("This decision is older than 30 days.", code="review_not_undoable")
        await _take_back(tx, item, by=by, now=now)
        await audit_trail.write(tx, _entry(item, "review.undone", {"was": item.state}, by=by, now=now))
    return await find(database, item_id)


async def _take_back(tx: Transaction, item: ReviewItem, *, by: Caller, now: datetime) -> None:
    decision = item.decision or {}
    if item.kind not in ABOUT_CALLERS:
        return
    if decision.get("reason") == "spam":
        await number_marks.put_mark(tx, item.subject_key, None, by=by.actor, now=now)
    if item.state == "linked":
        ref = ExternalRef.parse(decision["ref"])
        await identity.unlink(await driver(tx), item.subject_key, of=(ref.connection, ref.id), label=LINKED)


async def _decide(
    tx: Transaction, item_id: UUID, state: ReviewState, decision: Mapping[str, Any], *, by: Caller, now: datetime
) -> ReviewItem:
    item = await reviews.decide(tx, item_id, state=state, by=by.actor, now=now, decision=decision)
    if item is None:
        if await reviews.find(tx, item_id) is None:
            raise NotFound
        raise StateConflict("Somebody has decided this already.", code="review_decided")
    await audit_trail.write(tx, _entry(item, f"review.{state}", decision, by=by, now=now))
    return item


def _entry(item: ReviewItem, action: str, details: Mapping[str, Any], *, by: Caller, now: datetime) -> AuditRow:
    return AuditRow(
        at=now,
        actor=by.actor,
        actor_role=by.role,
        action=action,
        subject=f"review:{item.id}",
        details={"kind": item.kind, **details},
    )
