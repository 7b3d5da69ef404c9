"""How long it takes us to close the loop with somebody who was let down."""

from collections.abc import Sequence
from datetime import datetime


def feedback_loop_time(loops: Sequence[tuple[datetime, datetime | None]]) -> float | None:
    """Return the mean seconds from the moment a loop opened to the moment it was closed; None while none is closed.

    A loop opens when we hear a low score or a complaint that a ticket answers: each has a loop of its own, also where one ticket
    answers several. It is closed the first time that ticket is solved, closed or cancelled, and stays closed: a ticket that is
    reopened later, by the next low score or by hand, adds nothing to a loop that was closed before. Loops still open count
    neither way. The definition is ours.
    """
    took = [(closed - opened).total_seconds() for opened, closed in loops if closed is not None]
    return sum(took) / len(took) if took else None
