"""The reviewer's side of conflicts: choose which value of a ticket's field holds, and take that back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from tieline.domain.errors import NotFound, RequestRefused, StateConflict
from tieline.security.permissions import Caller
from tieline.services import reviews as questions
from tieline.services.tickets import conflicts
from tieline.services.tickets.desk import TicketDesk
from tieline.store import reviews
from tieline.store.database import Transaction
from tieline.store.reviews import ReviewItem

Pick = Literal["ours", "theirs", "value"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which value of a field holds: the hub's, the other system's, or another one."""

    pick: Pick
    value: str | list[str] | None = None


async def choose(desk: TicketDesk, item_id: UUID, choice: Choice, *, by: Caller, now: datetime) -> ReviewItem:
    """Say which of two values holds; every system is told.

    Raises: NotFound. StateConflict: decided already, or both sides agree by now. RequestRefused: no conflict, no such value.
    """
    async with desk.database.begin() as tx:
        item = await _found(tx, item_id)
        if item.kind != conflicts.KIND:
            raise RequestRefused("This item asks for no value.", code="decision_not_offered")
        if item.state != "open":
            raise StateConflict("Somebody has decided this already.", code="review_decided")
        decision = await conflicts.choose(tx, desk, item, choice.pick, choice.value, by=by)
        decided = await reviews.decide(tx, item_id, state="settled", by=by.actor, now=now, decision=decision)
        if decided is None:
            raise StateConflict("Somebody has decided this already.", code="review_decided")
    return decided


async def undo(desk: TicketDesk, item_id: UUID, *, by: Caller, now: datetime) -> ReviewItem:
    """Take any decision back, within thirty days of it; that about a ticket's field restores the value it had, everywhere.

    Raises: NotFound. StateConflict: it cannot be taken back: too old, taken back before, done in another system.
    """
    async with desk.database.begin() as tx:
        item = await _found(tx, item_id)
        if item.kind == conflicts.KIND:
            await conflicts.take_back(tx, desk, item, by=by)
            undone = await reviews.note_undone(tx, item_id, by=by.actor, now=now)
            if undone is None:
                raise StateConflict("It was taken back before.", code="review_not_undoable")
            return undone
    return await questions.undo(desk.database, item_id, by=by, now=now)


async def _found(tx: Transaction, item_id: UUID) -> ReviewItem:
    item = await reviews.find(tx, item_id)
    if item is None:
        raise NotFound
    return item
