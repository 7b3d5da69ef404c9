"""Who should get a call: every rule by itself, and which of two wins."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tieline.domain.agent import Agent
from tieline.domain.line import Line
from tieline.domain.people import KnownNumber, Person
from tieline.domain.references import ExternalRef
from tieline.domain.repeat_caller import PastCall, judge_repeat
from tieline.domain.routing import Circumstances, route

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
LINE = Line(number="+861065543800", name="Support", queues=("support", "sales"))
AGENTS = {
    "1001": Agent(id="1001", name="Li Wei", queues=("support",)),
    "1002": Agent(id="1002", name="Wang Fang", queues=("billing",)),
}


def known(tier: str | None = None, ref: str = "1") -> Person:
    return Person(known=(KnownNumber(e164="+8613800138000", ref=ExternalRef(connection="crm", id=ref), tier=tier),))


def served(minutes_ago: int, agent: str = "1001", *, talk: timedelta = timedelta(minutes=3)) -> PastCall:
    began = NOW - timedelta(minutes=minutes_ago)
    return PastCall(
        interaction_id=str(minutes_ago),
        call_id=f"c-{minutes_ago}",
        direction="inbound",
        started_at=began,
        answered_at=began,
        ended_at=began + talk,
        outcome="served",
        agent=agent,
    )


def caller(**facts: Any) -> Circumstances:  # noqa: ANN401 - each fact has its own type
    past = facts.get("past", ())
    repeat = judge_repeat(past, now=NOW, shared=len(facts.get("people", ())) > 1)
    return Circumstances(LINE, NOW, **{"repeat": repeat, **facts})


@pytest.mark.parametrize(
    ("circumstances", "priority", "reason"),
    [
        (caller(), 0, "usual"),
        (caller(people=(known("regular"),)), 0, "usual"),
        (caller(people=(known("high_value"),)), 20, "high_value"),
        (caller(people=(known("churn_risk"),)), 10, "churn_risk"),
        (caller(people=(known("high_value"), known("high_value", "2"))), 0, "usual"),
        (caller(past=(served(10, "9999"),)), 10, "called_again"),
        (caller(past=(served(10, "9999"), served(20, "9999"))), 20, "third_call_today"),
        (caller(past=(served(5, "9999", talk=timedelta(seconds=4)),)), 20, "cut_off"),
        (caller(people=(known("high_value"),), spam=True), 0, "spam"),
    ],
)
def test_the_first_reason_that_holds_decides(circumstances: Circumstances, priority: int, reason: str) -> None:
    decided = route(circumstances, AGENTS)
    assert (decided.priority, decided.reason, decided.queue) == (priority, reason, "support")


@pytest.mark.parametrize(
    ("past", "agent"),
    [
        ((served(60),), "1001"),
        ((served(60), served(10, "1002")), None),
        ((served(60, "9999"),), None),
        ((served(24 * 60 + 1),), None),
        ((), None),
    ],
)
def test_a_caller_comes_back_to_whoever_served_them_last_on_this_line(past: tuple[PastCall, ...], agent: str | None) -> None:
    assert route(caller(past=past), AGENTS).agent == agent


def test_a_shared_number_brings_nobody_back() -> None:
    assert route(caller(people=(known(), known(ref="2")), past=(served(60),)), AGENTS).agent is None


def test_spam_is_brought_back_to_nobody() -> None:
    assert route(caller(past=(served(60),), spam=True), AGENTS).agent is None


def test_a_line_without_queues_still_has_an_answer() -> None:
    assert route(Circumstances(Line(number="", name=""), NOW), {}).queue is None
