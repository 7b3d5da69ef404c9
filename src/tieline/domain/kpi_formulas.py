"""The figures a manager asks for: out of which counts, by which formula, from which source; and which report shows which.

What the counts mean: a call is its last talking agent's; the wait counts from its beginning; talk holds the time on hold, wrap-up
is what was said of the call within half an hour of its end. `answered_in_time`: served within the threshold. `judged`: served
calls older than seven days of somebody known, not from a shared number; `called_again`: those followed by another of the same
customer about the same. `loops` counts who was let down: a loop begins with a low score or a complaint that became a ticket,
and is closed once, as `kpi_loops.feedback_loop_time` tells. A cause is what somebody named, else what the text was taken to mean;
an answer counts with each of its causes, and once in all; likewise with each product of the order it is about, else of the last
order before it (`services/feedback/purchases.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tieline.domain.kpi_survey import percent

ReportName = Literal["kpis", "csat", "nps", "fcr", "aht", "feedback-loop", "tickets", "sync", "agents", "queues", "causes"]
_When = Literal["hour", "weekday_hour", "day", "week", "month"]
_Whose = Literal["team", "agent", "queue", "line", "tier", "channel", "cause", "product", "region"]
FilterName = Literal[_When, _Whose]
GroupBy = Literal[FilterName, "connection"]
Counted = Literal["call", "ticket", "answer", "delivery"]
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Formula:
    """How a figure is worked out of the counts of one kind of thing, in which unit.

    `of_the_queue`: of calls nobody took, so no agent has it.
    """

    of: Counted
    work_out: Callable[[Counts], float | None]
    unit: str
    text: str
    source: str
    of_the_queue: bool = False


@dataclass(frozen=True, slots=True)
class ReportKind:
    """What a report shows: `figures`, and the counts of each kind of thing they come of. `group_by`: unless asked otherwise."""

    figures: tuple[str, ...]
    counts: Mapping[Counted, tuple[str, ...]] = field(default_factory=dict)
    group_by: GroupBy = "day"


def offered(counts: Counts) -> int:
    """Return how many calls a person of ours could have answered."""
    return counts["served"] + counts["abandoned"] + counts["missed"]


def _mean(total: int, number: int) -> float | None:
    return total / number if number else None


def _share(part: str, whole: str) -> Callable[[Counts], float | None]:
    return lambda n: percent(n[part], n[whole])


def _average(total: str, number: str) -> Callable[[Counts], float | None]:
    return lambda n: _mean(n[total], n[number])


_ICMI: Final = "http://www.icmi.com/Resources/QueueTips/2005/March/Service-Level-Calculations.aspx"
_CONNECT: Final = "https://docs.aws.amazon.com/connect/latest/adminguide/metrics-definitions.html"
_COMPLAINTS: Final = "after ISO 10002:2018, monitoring of the complaints-handling process; the definition is ours"
_OURS: Final = "the definition is ours"

FORMULAS: Final[Mapping[str, Formula]] = {
    "service_level": Formula(
        "call",
        lambda n: percent(n["answered_in_time"], offered(n)),
        "percent",
        "served within the threshold / (served + abandoned + missed)",
        _ICMI,
        of_the_queue=True,
    ),
    "abandonment": Formula(
        "call",
        lambda n: percent(n["abandoned"], offered(n)),
        "percent",
        "abandoned / (served + abandoned + missed); given up within 5 s left out",
        _ICMI,
        of_the_queue=True,
    ),
    "aht_s": Formula("call", _average("handled_s", "handled"), "seconds", "(talk + hold + wrap-up) / served calls", _CONNECT),
    "fcr": Formula(
        "call",
        lambda n: percent(n["judged"] - n["called_again"], n["judged"]),
        "percent",
        "served calls not followed by another of the same customer about the same within 7 days / those that can be judged; "
        "shared numbers left out",
        "https://www.callcentrehelper.com/first-call-contact-resolution-fcr-208926.htm",
    ),
    "csat": Formula(
        "answer",
        _share("satisfied", "csat_answers"),
        "percent",
        "answers 4 and 5 / all answers",
        "https://help.delighted.com/article/240-how-is-csat-calculated",
    ),
    "csat_mean": Formula("answer", _average("csat_sum", "csat_answers"), "points 1-5", "mean answer", _OURS),
    "nps": Formula(
        "answer",
        lambda n: percent(n["promoters"] - n["detractors"], n["nps_answers"]),
        "points",
        "percent of 9 and 10, less percent of 0 to 6",
        "Reichheld, The One Number You Need to Grow, Harvard Business Review, December 2003",
    ),
    "ces": Formula(
        "answer",
        _average("ces_sum", "ces_answers"),
        "points 1-7",
        "mean answer, 7 is easy",
        "Dixon, Toman, DeLisi, The Effortless Experience, 2013",
    ),
    "first_response_s": Formula(
        "ticket", _average("response_s", "responded"), "seconds", "from a ticket's creation to its first answer, mean", _OURS
    ),
    "resolution_s": Formula(
        "ticket",
        _average("resolution_s", "resolved"),
        "seconds",
        "from a ticket's creation to its resolution, mean of those resolved",
        _OURS,
    ),
    "reopen_rate": Formula(
        "ticket", _share("reopened", "ever_resolved"), "percent", "tickets reopened / tickets that were resolved", _OURS
    ),
    "feedback_loop_s": Formula(
        "answer",
        _average("loop_s", "loops_closed"),
        "seconds",
        "from a low score or complaint to the first end of the ticket it became, mean of the loops closed; a ticket begun anew "
        "by the next low score is the next loop",
        _OURS,
    ),
    "complaint_resolved": Formula(
        "answer",
        _share("complaints_resolved", "complaints"),
        "percent",
        "complaints whose loop is closed / complaints",
        _COMPLAINTS,
    ),
    "complaint_reviewed": Formula(
        "answer",
        _share("complaints_reviewed", "complaints_resolved"),
        "percent",
        "complaints whose loop is closed and whose customer was asked again and answered / complaints whose loop is closed",
        _COMPLAINTS,
    ),
    "sync_lag_s": Formula(
        "delivery",
        lambda n: _mean(n["lag_ms"], n["delivered"] * 1000),
        "seconds",
        "from the promise of an effect in another system to its confirmation, mean",
        _OURS,
    ),
    "synced_in_5_s": Formula(
        "delivery", _share("delivered_in_5_s", "delivered"), "percent", "effects confirmed within 5 s / effects confirmed", _OURS
    ),
    "pop_success": Formula(
        "call",
        _share("pops_shown", "pops"),
        "percent",
        "cards shown / cards promised; withdrawn before they could be shown left out",
        _OURS,
    ),
}
_CALLS: Final = (
    "calls", "served", "abandoned", "missed", "abandoned_short", "answered_in_time", "handled", "handled_s", "judged",
    "called_again", "pops", "pops_shown",
)  # fmt: skip
_TICKETS: Final = ("tickets", "responded", "response_s", "resolved", "resolution_s", "ever_resolved", "reopened")
_LOOPS: Final = ("complaints", "complaints_resolved", "complaints_reviewed", "loops", "loops_closed", "loop_s")
_ANSWERS: Final = (
    "csat_answers", "satisfied", "csat_sum", "nps_answers", "promoters", "detractors", "ces_answers", "ces_sum",
)  # fmt: skip
_SYNC: Final = ("delivered", "lag_ms", "delivered_in_5_s")
_EVERYTHING: Final[Mapping[Counted, tuple[str, ...]]] = {
    "call": _CALLS,
    "ticket": _TICKETS,
    "answer": (*_ANSWERS, *_LOOPS),
    "delivery": _SYNC,
}
_KPIS: Final = tuple(name for name in FORMULAS if name not in {"csat_mean", "synced_in_5_s"})

REPORTS: Final[Mapping[ReportName, ReportKind]] = {
    "kpis": ReportKind(_KPIS, _EVERYTHING),
    "agents": ReportKind(_KPIS, _EVERYTHING, group_by="agent"),
    "queues": ReportKind(_KPIS, _EVERYTHING, group_by="queue"),
    "csat": ReportKind(("csat", "csat_mean"), {"answer": ("csat_answers", "satisfied", "csat_sum")}),
    "nps": ReportKind(("nps",), {"answer": ("nps_answers", "promoters", "detractors")}),
    "fcr": ReportKind(("fcr",), {"call": ("served", "judged", "called_again")}),
    "aht": ReportKind(("aht_s",), {"call": ("served", "handled", "handled_s")}),
    "feedback-loop": ReportKind(("feedback_loop_s", "complaint_resolved", "complaint_reviewed"), {"answer": _LOOPS}),
    "tickets": ReportKind(("first_response_s", "resolution_s", "reopen_rate"), {"ticket": _TICKETS}),
    "causes": ReportKind(
        ("csat", "nps", "feedback_loop_s", "complaint_resolved"), {"answer": (*_ANSWERS, *_LOOPS)}, group_by="cause"
    ),
    "sync": ReportKind(("sync_lag_s", "synced_in_5_s"), {"delivery": _SYNC}),
}
