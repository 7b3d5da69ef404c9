"""Which call an event belongs to, and when two events are one and the same."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tieline.domain.call import CallEvent, CallEventType

DERIVED: Final = "derived:"
DERIVED_TOLERANCE_S: Final = 2
TYPE_ORDER: Final[Mapping[CallEventType, int]] = {
    "queued": 0,
    "ringing": 1,
    "answered": 2,
    "held": 3,
    "resumed": 4,
    "conferenced": 5,
    "transferred": 6,
    "ended": 7,
}
"""How events of one instant are read; many exchanges stamp whole seconds."""


def dedupe_key(event: CallEvent) -> str:
    """Return what a repetition of this event shares with it: leg, type and the provider's event id, else the whole body."""
    told = event.event_id if event.event_id is not None else _canonical_body(event)
    return hashlib.sha256("\x1f".join((event.call_id, event.leg_id or "", event.type, told)).encode()).hexdigest()


def _canonical_body(event: CallEvent) -> str:
    body = event.model_dump(mode="json", exclude_none=True)
    body["at"] = event.at.astimezone(UTC).isoformat()
    return json.dumps(body, sort_keys=True, ensure_ascii=False)


def in_order(events: Iterable[CallEvent]) -> tuple[CallEvent, ...]:
    """Return the distinct events in the one order they are read in, however they arrived."""
    distinct = {dedupe_key(event): event for event in events}
    return tuple(
        distinct[key] for key in sorted(distinct, key=lambda key: (distinct[key].at, TYPE_ORDER[distinct[key].type], key))
    )


def call_keys(event: CallEvent) -> tuple[str, ...]:
    """Return the ids this event says are one call: the original call's first, its own after it."""
    named = (event.linked_call_id, event.call_id)
    return tuple(dict.fromkeys(key for key in named if key is not None))


def root_key(events: Sequence[CallEvent]) -> str:
    """Return the id of the original call: one that no event links to another. `events` are in order and not empty.

    Of several (calls joined without a link), the one heard of first; in a circle of links, any, but always the same.
    """
    first_seen: dict[str, int] = {}
    linked: set[str] = set()
    for place, event in enumerate(events):
        for key in call_keys(event):
            first_seen.setdefault(key, place)
        if event.linked_call_id is not None and event.linked_call_id != event.call_id:
            linked.add(event.call_id)
    roots = [key for key in first_seen if key not in linked] or list(first_seen)
    return min(roots, key=lambda key: (first_seen[key], key))


def derived_call_id(*, number: str, direction: str, began_at: datetime) -> str:
    """Return an id for a call of an exchange that gives none: number, direction and the second it began.

    The number itself does not show in it, because call ids travel in URLs and logs.
    """
    digits = "".join(character for character in number if character.isalnum()).lower()
    digest = hashlib.sha256(f"{direction}\x1f{digits}".encode()).hexdigest()[:24]
    return f"{DERIVED}{digest}:{int(began_at.timestamp())}"


def completed(fields: Mapping[str, Any], *, received_at: datetime) -> dict[str, Any]:
    """Return an event's fields with what the exchange left out of them: the instant, the call's id, what tells it from others.

    An event without an instant of its own is repeated word for word, so its words are its id. A call without an id gets one
    from number, direction and second.
    """
    told: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if "at" not in told:
        words = json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)
        told = {"event_id": hashlib.sha256(words.encode()).hexdigest(), **told, "at": received_at}
    if not told.get("call_id"):
        direction = str(told.get("direction") or "inbound")
        number = str(told.get("to" if direction == "outbound" else "from") or "")
        told["call_id"] = derived_call_id(number=number, direction=direction, began_at=_instant(told["at"]))
    return told


def _instant(at: datetime | str) -> datetime:
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)


def is_derived(call_id: str) -> bool:
    """Say whether we made this id ourselves."""
    return call_id.startswith(DERIVED)


def family(call_id: str) -> str:
    """Return what all derived ids of one number and direction share; any other id is a family of its own."""
    return call_id.rpartition(":")[0] if is_derived(call_id) else call_id


def nearby_derived(call_id: str) -> tuple[str, ...]:
    """Return the derived ids that mean the same call: the same number and direction, begun within 2 s."""
    stem, _, second = call_id.rpartition(":")
    if not is_derived(call_id) or not second.removeprefix("-").isdecimal():
        return (call_id,)
    return tuple(f"{stem}:{int(second) + offset}" for offset in range(-DERIVED_TOLERANCE_S, DERIVED_TOLERANCE_S + 1))


def under_one_name(events: Sequence[CallEvent]) -> tuple[CallEvent, ...]:
    """Return the events of one interaction with a single derived id for each family: the first the call was known by."""
    names: dict[str, str] = {}
    for event in events:
        if is_derived(event.call_id):
            names.setdefault(family(event.call_id), event.call_id)
    if not names:
        return tuple(events)
    return tuple(event.model_copy(update={"call_id": names.get(family(event.call_id), event.call_id)}) for event in events)
