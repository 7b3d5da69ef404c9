"""Makes one interaction of two calls, by the exchange's own word or by a guess, and takes a guess back.

Whoever calls these holds the lock on the names or the rows involved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from tieline.domain.call_identity import family
from tieline.domain.call_joining import GAP, LOOK_BACK, belong_together, linked_groups
from tieline.domain.errors import NotFound
from tieline.domain.interaction import Interaction, tell
from tieline.domain.pop_cards import ON_SCREEN
from tieline.kit.ids import time_ordered_id
from tieline.services.call_desk import CallDesk
from tieline.services.call_following import withdraw
from tieline.store import call_log, call_wrap_ups, call_writing, calls, pops
from tieline.store.call_log import LoggedEvent
from tieline.store.calls import KeptCall, Neighbourhood
from tieline.store.database import Transaction

APART: Final = "apart"
"""How a name is noted that a person has taken out of an interaction: no guess puts it back."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The events of an interaction that is to become two."""

    leaving: list[LoggedEvent]
    remaining: list[LoggedEvent]

    @classmethod
    def of(cls, logged: Sequence[LoggedEvent], group: frozenset[str]) -> Self:
        """Part the events of a group of ids from the rest."""
        leaving = [one for one in logged if family(one.event.call_id) in group]
        return cls(leaving, [one for one in logged if family(one.event.call_id) not in group])


async def partner(
    tx: Transaction, desk: CallDesk, provider: str, story: Interaction, *, but_not: Sequence[UUID]
) -> tuple[UUID, Interaction] | None:
    """Return the interaction this one is, by a guess, a part of, or that is a part of it: of several, the last to begin."""
    if but_not and APART in (await calls.names_of(tx, but_not)).values():
        return None
    for candidate in await calls.neighbours(tx, _neighbourhood(provider, story, but_not)):
        logged = await call_log.read(tx, [candidate], limit=desk.policy.most_events)
        if not logged:
            continue  # It was joined to another since it was found.
        other = told(desk, logged)
        if belong_together(other, story) and APART not in (await calls.names_of(tx, [candidate])).values():
            return candidate, other
    return None


async def merge(tx: Transaction, desk: CallDesk, kept: Sequence[KeptCall], *, guessed: bool, now: datetime) -> KeptCall:
    """Make one of several interactions, the oldest; what the others had becomes its own. A second card for an agent goes."""
    onto, *others = kept
    for gone in others:
        names = await calls.names_of(tx, [gone.id])
        joined_by = dict.fromkeys(names, "heuristic") if guessed else {gone.call_key: "linked"}
        keys = [one.dedupe_key for one in await call_log.read(tx, [gone.id], limit=desk.policy.most_events)]
        await call_log.move(tx, keys, from_=gone.id, onto=onto.id)
        await call_log.move_names(tx, names, from_=gone.id, onto=onto.id, joined_by=joined_by)
        await _hand_cards_over(tx, desk, gone.id, onto.id, now=now)
        await call_wrap_ups.hand_over(tx, from_=gone.id, onto=onto.id)
        if onto.customer_ref is None and gone.customer_ref is not None:
            level = gone.identity_level
            await calls.choose_customer(tx, onto.id, gone.customer_ref, chosen_by=gone.chosen_by, identity_level=level)
        await call_log.drop_interaction(tx, gone.id)
    return onto


async def separate(
    tx: Transaction, desk: CallDesk, kept: KeptCall, logged: Sequence[LoggedEvent], *, now: datetime
) -> list[LoggedEvent]:
    """Take back guesses that do not hold, or fit better elsewhere, now that more is known; return the events that remain."""
    remaining = list(logged)
    for group in _guessed_groups(desk, logged):
        parts = Parts.of(remaining, group)
        story = told(desk, parts.leaving)
        stories = [told(desk, Parts.of(parts.remaining, other).leaving) for other in _groups(parts.remaining)]
        holds = max((other.started_at for other in stories if belong_together(story, other)), default=None)
        elsewhere = await partner(tx, desk, kept.provider, story, but_not=[kept.id])
        if holds is None or (elsewhere is not None and elsewhere[1].started_at > holds):
            await _detach(tx, desk, kept, parts, now=now)
            remaining = parts.remaining
    return remaining


async def keep_apart(desk: CallDesk, provider: str, call_id: str, *, now: datetime) -> UUID:
    """Take a call out of an interaction it was joined to by a guess, for good. Returns the interaction it is now.

    Raises: NotFound: there is no such call, or no guess joined it to anything.
    """
    async with desk.database.begin() as tx:
        await calls.lock_names(tx, provider, [call_id])
        kept = await calls.lock(tx, await calls.find(tx, provider, [call_id]))
        logged = await call_log.read(tx, [one.id for one in kept], limit=desk.policy.most_events)
        groups = _groups(logged)
        own = next((group for group in groups if family(call_id) in group), None)
        if own is None or len(groups) == 1:
            raise NotFound("No guess joined this call to another.")
        return await _detach(tx, desk, kept[0], Parts.of(logged, own), now=now, joined_by=APART)


def _groups(logged: Sequence[LoggedEvent]) -> list[frozenset[str]]:
    return linked_groups(one.event for one in logged)


def _guessed_groups(desk: CallDesk, logged: Sequence[LoggedEvent]) -> list[frozenset[str]]:
    """Return the groups of ids that a guess has put into this interaction: all but the first to begin."""
    groups = _groups(logged)
    if len(groups) == 1:
        return []
    stories = {group: told(desk, Parts.of(logged, group).leaving) for group in groups}
    return sorted(groups, key=lambda group: (stories[group].started_at, stories[group].call_key))[1:]


async def _detach(
    tx: Transaction, desk: CallDesk, kept: KeptCall, parts: Parts, *, now: datetime, joined_by: str = "given"
) -> UUID:
    """Make an interaction of its own of some events. It is settled by itself later."""
    story, rest = told(desk, parts.leaving), told(desk, parts.remaining)
    new_id = UUID(time_ordered_id(now))
    await call_writing.write(tx, kept.id, rest, provider=kept.provider, heard_at=kept.last_event_at)
    await call_writing.write(tx, new_id, story, provider=kept.provider, heard_at=kept.last_event_at)
    await call_log.move(tx, [one.dedupe_key for one in parts.leaving], from_=kept.id, onto=new_id)
    own = {name for one in parts.leaving for name in (one.event.call_id, one.event.linked_call_id) if name is not None}
    await call_log.move_names(tx, own, from_=kept.id, onto=new_id, joined_by={story.call_key: joined_by})
    theirs = {leg.agent for leg in story.people} - {leg.agent for leg in rest.people}
    await pops.hand_over(tx, from_=kept.id, onto=new_id, agents=[agent for agent in theirs if agent is not None])
    return new_id


async def _hand_cards_over(tx: Transaction, desk: CallDesk, from_: UUID, onto: UUID, *, now: datetime) -> None:
    has_one = {promise.agent for promise in await pops.promised(tx, onto)}
    for promise in sorted(await pops.promised(tx, from_), key=lambda one: one.agent):
        if promise.agent in has_one and promise.state in ON_SCREEN:
            await withdraw(tx, desk, promise, reason="merged", now=now)
    await pops.hand_over(tx, from_=from_, onto=onto, but_not=sorted(has_one))


def _neighbourhood(provider: str, story: Interaction, own: Sequence[UUID]) -> Neighbourhood:
    phone = story.customer
    return Neighbourhood(
        provider=provider,
        apart_from=own,
        customer=phone.e164 if phone is not None and not phone.withheld else None,
        caller=story.caller,
        agents=[leg.agent for leg in story.people if leg.agent is not None and not story.internal],
        since=story.started_at - LOOK_BACK,
        not_over_before=story.started_at - GAP,
        began_at=story.started_at,
        until=(story.ended_at or story.started_at + LOOK_BACK) + GAP,
    )


def told(desk: CallDesk, logged: Sequence[LoggedEvent]) -> Interaction:
    """Return the interaction these events tell of."""
    return tell([one.event for one in logged], desk.directory.now)
