"""What we tell whoever subscribed: that something happened and to what, and nothing of what it holds.

A receiver that wants to know more asks for it, with permissions of its own. So no personal data travels, and a message that
comes late or twice does no harm.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tieline.domain.event import EVENT_KINDS

TOLD: Final[Mapping[str, str]] = {
    **EVENT_KINDS,
    "ticket.escalated": "ticket",
    "call.ended": "call",
}
"""Every kind of event that can be subscribed to, and the kind of object it is about."""
FAMILIES: Final = tuple(sorted({kind.partition(".")[0] for kind in TOLD}))
"""What comes before the dot. For an event of our own it is the kind of object, too."""
EVERYTHING: Final = "*"


def subscribable(text: str) -> str:
    """Accept a kind, a family of kinds (`ticket.*`) or `*`. Raises: ValueError: there is none of this name."""
    family, _, word = text.partition(".")
    if text == EVERYTHING or text in TOLD or (word == "*" and family in FAMILIES):
        return text
    message = "there is no such kind of event"
    raise ValueError(message)


def family_of(kind: str) -> str:
    """Return what comes before the dot."""
    return kind.partition(".")[0]


def wanted(patterns: Sequence[str], kind: str) -> bool:
    """Say whether a subscription to some kinds and families wants this kind."""
    return kind in TOLD and any(one in {EVERYTHING, kind, f"{family_of(kind)}.*"} for one in patterns)


def object_id(subject: str) -> tuple[str | None, str | None]:
    """Tell an id of ours from a reference (`connection:id`) in the subject of an event: the one or the other is None."""
    try:
        return str(UUID(subject)), None
    except ValueError:
        return None, subject


def document(kind: str, subject: str, occurred_at: datetime, refs: Sequence[str]) -> dict[str, Any]:
    """Return the message: type, timestamp and data, as Standard Webhooks 1.0.0 recommends (standardwebhooks.com, read 2026-11).

    `refs`: what the object is called elsewhere, `connection:id` each.
    """
    ours, theirs = object_id(subject)
    named = dict.fromkeys((theirs, *refs) if theirs else refs)
    data = {"object": family_of(kind) if ours else TOLD[kind], "id": ours, "refs": list(named)}
    return {"type": kind, "timestamp": occurred_at.isoformat(), "data": data}
