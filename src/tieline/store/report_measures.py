"""What is counted of a call, a ticket, an answer and a delivery: a name, and the expression over its fact `f`.

A measure is additive: the totals of a year are the sums of its days. What the words mean is told in `domain/kpi_formulas.py`.
"""

from collections.abc import Mapping
from typing import Final

THRESHOLDS_S: Final = (5, 10, 15, 20, 30, 45, 60, 90, 120)
"""The waits a service level can be asked for, in seconds."""

_SERVED: Final = "f.outcome = 'served'"
_RESOLVED: Final = "(f.resolution_s IS NOT NULL OR f.reopened > 0)"

CALLS: Final[Mapping[str, str]] = {
    "calls": "1",
    "served": f"({_SERVED})::int",
    "abandoned": "(f.outcome = 'abandoned_queue')::int",
    "missed": "(f.outcome = 'missed_agent')::int",
    "abandoned_short": "(f.outcome = 'abandoned_short')::int",
    **{f"within_{seconds}": f"({_SERVED} AND coalesce(f.wait_s <= {seconds}, false))::int" for seconds in THRESHOLDS_S},
    "handled": f"({_SERVED} AND f.talk_s IS NOT NULL)::int",
    "handled_s": f"CASE WHEN {_SERVED} THEN coalesce(f.talk_s + f.wrap_up_s, 0) ELSE 0 END",
    "judged": "f.judged::int",
    "called_again": "f.again::int",
    "pops": "f.pops",
    "pops_shown": "f.pops_shown",
}
TICKETS: Final[Mapping[str, str]] = {
    "tickets": "1",
    "responded": "(f.response_s IS NOT NULL)::int",
    "response_s": "coalesce(f.response_s, 0)",
    "resolved": "(f.resolution_s IS NOT NULL)::int",
    "resolution_s": "coalesce(f.resolution_s, 0)",
    "ever_resolved": f"{_RESOLVED}::int",
    "reopened": "(f.reopened > 0)::int",
}
_LOOP_CLOSED: Final = "f.loop_s IS NOT NULL"
_COMPLAINT: Final = "f.kind = 'complaint'"
ANSWERS: Final[Mapping[str, str]] = {
    "csat_answers": "(f.kind = 'csat')::int",
    "satisfied": "(f.kind = 'csat' AND f.score >= 4)::int",
    "csat_sum": "CASE WHEN f.kind = 'csat' THEN f.score ELSE 0 END",
    "nps_answers": "(f.kind = 'nps')::int",
    "promoters": "(f.kind = 'nps' AND f.score >= 9)::int",
    "detractors": "(f.kind = 'nps' AND f.score <= 6)::int",
    "ces_answers": "(f.kind = 'ces')::int",
    "ces_sum": "CASE WHEN f.kind = 'ces' THEN f.score ELSE 0 END",
    "complaints": f"({_COMPLAINT})::int",
    "complaints_resolved": f"({_COMPLAINT} AND {_LOOP_CLOSED})::int",
    "complaints_reviewed": f"({_COMPLAINT} AND {_LOOP_CLOSED} AND f.reviewed)::int",
    "loops": "f.followed_up::int",
    "loops_closed": f"({_LOOP_CLOSED})::int",
    "loop_s": "coalesce(f.loop_s, 0)",
}
DELIVERIES: Final[Mapping[str, str]] = {
    "delivered": "1",
    "lag_ms": "f.lag_ms",
    "delivered_in_5_s": "(f.lag_ms <= 5000)::int",
}
