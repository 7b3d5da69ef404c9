"""A refund or return that freezes its order: both sides confirm, or what was done is undone and a person is told.

freezing ──hold and copy confirmed──▶ confirmed
   ├── hold refused ───────────────▶ failed      nothing to undo
   └── no copy of the ticket ──────▶ undoing ──released──▶ undone
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

RefundState = Literal["freezing", "confirmed", "failed", "undoing", "undone"]
RefundKind = Literal["refund", "return"]
Leg = Literal["open", "done", "failed"]
Told = Literal["held", "hold_refused", "copied", "copies_refused", "released", "release_refused"]


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """One request. `hold`: the order stands still in its system; `copy`: the ticket is in at least one other system."""

    id: UUID
    kind: RefundKind
    connection: str
    order_number: str
    ticket_id: UUID
    state: RefundState
    hold: Leg
    copy: Leg
    code: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime

    @property
    def needs_release(self) -> bool:
        """Say whether the order stands still for nothing."""
        return self.hold == "done" and self.copy == "failed" and self.state == "freezing"

    @property
    def is_flagged(self) -> bool:
        """Say whether a person must look at it."""
        return self.state in {"failed", "undoing", "undone"}


def told(request: RefundRequest, word: Told, *, code: str | None = None, now: datetime) -> RefundRequest:
    """Return the request after one of its two sides said something. What comes twice, or too late, changes nothing."""
    match word:
        case "held":
            request = replace(request, hold="done")
        case "hold_refused":
            request = replace(request, hold="failed")
        case "copied":
            request = replace(request, copy="done")
        case "copies_refused":
            request = replace(request, copy="failed")
        case "released":
            return replace(request, state="undone", updated_at=now)
        case "release_refused":
            return replace(request, state="undoing", code=code or request.code, updated_at=now)
    return replace(request, state=_state(request), code=code or request.code, updated_at=now)


def _state(request: RefundRequest) -> RefundState:
    if request.state != "freezing":
        return request.state
    if request.hold == "failed":
        return "failed"
    return "confirmed" if request.hold == request.copy == "done" else "freezing"
