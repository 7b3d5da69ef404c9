"""Accepts what an exchange tells of a call: once, in any order, and with everything that follows from it in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tieline.domain.call import CallEvent, CallEventType, EventReceipt
from tieline.domain.call_identity import call_keys, dedupe_key, family, is_derived, nearby_derived
from tieline.domain.call_parties import staff_of
from tieline.domain.errors import Overloaded
from tieline.domain.interaction import Interaction, tell
from tieline.domain.pop_order import PopOrder
from tieline.kit.ids import time_ordered_id
from tieline.observability.metrics import CALL_EVENTS
from tieline.services import call_joining, call_questions
from tieline.services.call_desk import CallDesk
from tieline.services.call_following import Followed, Subject, follow
from tieline.store import call_log, calls
from tieline.store.call_log import LoggedEvent
from tieline.store.calls import KeptCall
from tieline.store.database import Transaction

ATTEMPTS: Final = 10
"""How often the interaction may change hands (merged by another event) while we reach for it."""
BEGINS: Final[frozenset[CallEventType]] = frozenset({"queued", "ringing"})
MAY_SHOW: Final[frozenset[CallEventType]] = frozenset({"queued", "ringing", "answered", "conferenced"})
DUPLICATE: Final = "duplicate"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one event: what its log says, and the orders to carry out after the commit."""

    effect: str
    orders: tuple[PopOrder, ...] = ()


async def record(desk: CallDesk, event: CallEvent, *, provider: str, now: datetime) -> EventReceipt:
    """Take an event in and promise what follows from it. A repetition, a latecomer or a stranger is no error.

    Args: provider: the connection's name; call ids are told apart by it. now: when the event was received.
    Raises: Overloaded: the database is away; nothing was written, the exchange should repeat.
    """
    taken = await _taken(desk, event, provider=provider, now=now)
    for order in taken.orders:
        desk.present(order)
    CALL_EVENTS.labels(type=event.type, effect=_counted_as(taken.effect)).inc()
    return EventReceipt(call_id=event.call_id, accepted=True, duplicate=taken.effect == DUPLICATE)


async def _taken(desk: CallDesk, event: CallEvent, *, provider: str, now: datetime) -> Taken:
    """Take an event in, anew where its calls were joined or parted meanwhile: to hold some and wait for more would deadlock."""
    for _ in range(ATTEMPTS):
        taken = await desk.database.transact(lambda tx: _take(tx, desk, event, provider=provider, now=now))
        if taken is not None:
            return taken
    raise Overloaded("The calls this event belongs to are being joined right now.")


async def _take(tx: Transaction, desk: CallDesk, event: CallEvent, *, provider: str, now: datetime) -> Taken | None:
    """Take an event in; None, and nothing is written: its calls were joined or parted while they were waited for."""
    await desk.clocks.hear(tx, provider, at=event.at, received_at=now)
    await calls.lock_names(tx, provider, [family(key) for key in call_keys(event)])
    reached = await _reach(tx, desk, event, provider=provider)
    if reached is None:
        return None
    kept, guessed = reached
    logged = await call_log.read(tx, [one.id for one in kept], limit=desk.policy.most_events)
    if any(one.dedupe_key == dedupe_key(event) for one in logged):
        return Taken(DUPLICATE)
    if kept and not guessed and await _has_left(tx, kept, event, logged, provider=provider):
        return None
    if len(logged) >= desk.policy.most_events:
        return await _only_log(tx, kept[0], event, now=now)
    call = await call_joining.merge(tx, desk, kept, guessed=guessed, now=now) if kept else None
    subject = _subject(call, provider, now)
    events = [*(one.event for one in logged), event]
    followed = await follow(tx, desk, subject, events, now=now)
    if call is not None and call.settled_at is not None and _changes_the_end(call, followed.story):
        await calls.mark_settled(tx, call.id, None)
    effect = _effect(desk, event, followed, was_over=call is not None and call.state == "ended", provider=provider, now=now)
    await call_log.add(tx, LoggedEvent(subject.id, dedupe_key(event), event, now, effect))
    await desk.write(tx, subject.id, followed.story, now=now)
    if call is None or guessed or len(call_keys(event)) > 1 or is_derived(event.call_id):
        await calls.add_names(tx, provider, _names(event, guessed=guessed), subject.id)
    if event.type in BEGINS | {"answered"}:
        await call_questions.ask_about_extension(tx, desk, event, provider=provider, now=now)
    return Taken(effect, followed.orders)


async def _reach(tx: Transaction, desk: CallDesk, event: CallEvent, *, provider: str) -> tuple[list[KeptCall], bool] | None:
    """Lock the interactions the event belongs to, the oldest first, and say whether a guess is among them.

    None: another event merged them while we waited for the lock, so that what was found is not what is held.
    """
    found = await _find(tx, event, provider)
    guess = None
    if not found or event.type == "transferred":
        logged = await call_log.read(tx, found, limit=desk.policy.most_events)
        story = tell([*(one.event for one in logged), event], desk.directory.now)
        guess = await call_joining.partner(tx, desk, provider, story, but_not=list(found))
    kept = await calls.lock(tx, found if guess is None else {*found, guess[0]})
    held = {one.id for one in kept}
    if found <= held and (len(held) <= 1 or await _find(tx, event, provider) == found):
        return kept, guess is not None
    return None


async def _has_left(
    tx: Transaction, kept: Sequence[KeptCall], event: CallEvent, logged: Sequence[LoggedEvent], *, provider: str
) -> bool:
    """Say whether the event's call was taken out of the one we hold while we waited; asked where no event of that names it."""
    named = {family(key) for key in call_keys(event)}
    if any(named & {family(key) for key in call_keys(one.event)} for one in logged):
        return False
    return await _find(tx, event, provider) != {one.id for one in kept}


async def _find(tx: Transaction, event: CallEvent, provider: str) -> frozenset[UUID]:
    names = [near for key in call_keys(event) for near in nearby_derived(key)]
    found = await calls.find(tx, provider, names)
    if not found and is_derived(event.call_id) and event.type not in BEGINS:
        return await calls.find_derived(tx, provider, family(event.call_id))
    return found


async def _only_log(tx: Transaction, call: KeptCall, event: CallEvent, *, now: datetime) -> Taken:
    """A call with hundreds of events is a loop in the exchange: keep the event, draw nothing from it."""
    effect = "suppressed: too_many_events"
    added = await call_log.add(tx, LoggedEvent(call.id, dedupe_key(event), event, now, effect))
    return Taken(effect if added else DUPLICATE)


def _changes_the_end(call: KeptCall, story: Interaction) -> bool:
    """Say whether a settled call must be settled again: it goes on, or came to something else than was thought."""
    return story.state != "ended" or story.outcome != call.outcome


def _subject(call: KeptCall | None, provider: str, now: datetime) -> Subject:
    if call is None:
        return Subject(UUID(time_ordered_id(now)), provider, None, "none", now)
    return Subject(call.id, provider, call.state, call.closing, now)


def _names(event: CallEvent, *, guessed: bool) -> Sequence[tuple[str, str]]:
    if guessed:
        return [(key, "heuristic") for key in call_keys(event)]
    if is_derived(event.call_id):
        return [(key, "derived") for key in call_keys(event)]
    linked = event.linked_call_id is not None and event.linked_call_id != event.call_id
    own = (event.call_id, "linked" if linked else "given")
    return [(event.linked_call_id, "given"), own] if linked and event.linked_call_id else [own]


def _effect(desk: CallDesk, event: CallEvent, followed: Followed, *, was_over: bool, provider: str, now: datetime) -> str:
    """Return what the event brought about, in the words of the trace; else the first rule by which it brought no card."""
    if followed.steps:
        return ", ".join(f"{step.kind} {step.agent}: {step.reason}" for step in followed.steps)
    if event.type not in MAY_SHOW:
        return "noted"
    staff = staff_of(event, desk.directory.now)
    too_old = desk.clocks.age(provider, event.at, now=now) > _age_limit(desk, event.type)
    rules = {
        "internal": followed.story.internal,
        "unmapped_extension": staff is not None and staff.agent is None,
        "stale_event": too_old or bool(followed.stale),
        "call_over": was_over or followed.story.state == "ended",
        "nobody_named": staff is None,
    }
    broken = next((rule for rule, holds in rules.items() if holds), None)
    return f"suppressed: {broken}" if broken else "noted"


def _age_limit(desk: CallDesk, word: CallEventType) -> timedelta:
    return desk.policy.ring_age if word in BEGINS else desk.policy.answer_age


def _counted_as(effect: str) -> str:
    """Return an effect without the names in it, as a metric's label."""
    return effect if effect.startswith("suppressed") else effect.partition(" ")[0]
