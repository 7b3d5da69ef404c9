"""An effect promised to another system, and the words for what becomes of it.

pending ──claim──▶ claimed ──▶ delivered
   ▲                 │  ├────▶ parked      only an administrator can help; goes on when the connection was edited
   └── due again ────┘  ├────▶ dead        given up; waits for a replay
                        └────▶ unknown     nobody can tell whether it happened; waits for a person
parked, dead, unknown ──a person──▶ pending | delivered | withdrawn
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

DeliveryState = Literal["pending", "claimed", "delivered", "parked", "dead", "unknown", "withdrawn"]
StuckState = Literal["parked", "dead", "unknown"]
Priority = Literal["live", "bulk"]
Tier = Literal["T1", "T2", "T3"]
"""What keeps a repetition from doubling: T1 the vendor knows our key; T2 we can look whether it is there; T3 nothing does."""


@dataclass(frozen=True, slots=True)
class Footing:
    """What a repetition of one operation at one vendor stands on. `index_lag`: how long its search may not know what it has."""

    tier: Tier
    index_lag: timedelta = timedelta(seconds=60)


CREATING: Final = frozenset({"create", "log", "send", "subscribe"})
"""Operations that make something new, by the last word of their name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something another system must come to know.

    `inputs`: a JSON document for the owner's own use, at least what `prepare` needs; kept until delivered. `order_key`: what
    stays in order at this connection, as `ticket:<id>`. `key`: promising the same key again is the same promise; left out, every
    promise is one of its own. `blocks`: what comes behind it in its order waits even when it was given up; left out, that holds
    for what makes something new, because the rest would have nothing to act on. `not_before`: an instant, left out for at once.
    """

    connection: str
    operation: str
    object_kind: str
    object_id: str
    order_key: str
    inputs: Mapping[str, Any]
    priority: Priority = "live"
    key: str | None = None
    blocks: bool | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery as stored. `sent_at`: a request may have left whose end is not known; `sent` is what it held."""

    id: UUID
    position: int
    connection: str
    operation: str
    object_kind: str
    object_id: str
    order_key: str
    key: str
    priority: Priority
    blocks: bool
    inputs: Mapping[str, Any]
    state: DeliveryState
    state_at: datetime
    due_at: datetime
    promised_at: datetime
    attempts: int
    failures: int
    held_back: int
    faults: int
    crashes: int
    fence: int
    claimed_by: str | None
    first_tried_at: datetime | None
    sent: Mapping[str, Any] | None
    sent_at: datetime | None
    confirmed_at: datetime | None
    absent_at: datetime | None
    woken_at: datetime | None
    reason: str | None
    external_id: str | None
    external_url: str | None

    @property
    def doubtful(self) -> bool:
        """Say whether the effect may exist although nobody confirmed it."""
        return self.sent_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """How an effect came about. `sent` is what the vendor was told, None if nothing had to be; `how` says who knows it."""

    external_id: str | None = None
    external_url: str | None = None
    sent: Mapping[str, Any] | None = None
    how: Literal["answered", "found", "needless", "by_hand"] = "answered"


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Why an effect will not come about by itself. `code` is that of the last error."""

    state: Literal["dead", "unknown", "withdrawn"]
    code: str


def makes_something(operation: str) -> bool:
    """Say whether an operation makes something new at the vendor."""
    return operation.rpartition(".")[2] in CREATING
