"""Where a ticket stands, and which step may follow which.

    new ─► open ◄─► in_progress ◄─► pending_customer ─► resolved ─► closed
                                                            └──► reopened ◄──┘
    cancelled is reached from every open status; from every ended one the only way on is `reopened`.

What another system says has happened there already: it is never refused, only put into our words (`arrived`).
"""

from collections.abc import Mapping
from typing import Final

from tieline.domain.errors import StateConflict
from tieline.domain.ticket import OPEN_TICKET_STATUSES, TicketStatus

_BACK: Final[frozenset[TicketStatus]] = frozenset({"open", "in_progress", "pending_customer"})
_ENDS: Final[frozenset[TicketStatus]] = frozenset({"resolved", "closed", "cancelled"})
NEXT: Final[Mapping[TicketStatus, frozenset[TicketStatus]]] = {
    "new": _BACK | _ENDS,
    "open": (_BACK | _ENDS) - {"open"},
    "in_progress": (_BACK | _ENDS) - {"in_progress"},
    "pending_customer": (_BACK | _ENDS) - {"pending_customer"},
    "reopened": _BACK | _ENDS,
    "resolved": frozenset({"closed", "reopened"}),
    "closed": frozenset({"reopened"}),
    "cancelled": frozenset({"reopened"}),
}
"""Each status, and those a person of ours may set next. To stay where one is, is always allowed."""


def is_over(status: TicketStatus) -> bool:
    """Say whether nobody works on it any more."""
    return status not in OPEN_TICKET_STATUSES


def step(present: TicketStatus, wanted: TicketStatus) -> TicketStatus:
    """Return the status after a person's wish. Raises: StateConflict: no such step from here (`ticket_transition`)."""
    if wanted != present and wanted not in NEXT[present]:
        raise StateConflict(f"A ticket that is {present} cannot become {wanted}.", code="ticket_transition")
    return wanted


def arrived(present: TicketStatus, said: TicketStatus) -> TicketStatus:
    """Return the status after another system said where it stands there.

    Most systems have no word for `reopened`: open again after an end is just that. Nothing becomes new a second time.
    """
    if is_over(present) and said in {"new", "open"}:
        return "reopened"
    if said == "new" and present != "new":
        return "open"
    return said


def is_reopening(before: TicketStatus, after: TicketStatus) -> bool:
    """Say whether work begins again."""
    return is_over(before) and not is_over(after)
