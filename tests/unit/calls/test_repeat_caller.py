"""The caller who calls again."""

from datetime import timedelta

import pytest
from tests.flows.exchange import NOON

from tieline.domain.repeat_caller import PastCall, RepeatWindows, judge_repeat


def past(minutes_ago: float, *, outcome: str = "served", talked_s: float | None = 60, cause: str | None = None) -> PastCall:
    began = NOON - timedelta(minutes=minutes_ago)
    answered = None if talked_s is None else began + timedelta(seconds=5)
    return PastCall(
        interaction_id=f"i-{minutes_ago}",
        call_id=f"c-{minutes_ago}",
        direction="inbound",
        started_at=began,
        answered_at=answered,
        ended_at=(answered or began) + timedelta(seconds=talked_s or 20),
        outcome=outcome,
        agent="1001",
        hangup_cause=cause,
    )


def test_nobody_called_before() -> None:
    assert judge_repeat([], now=NOON, shared=False) is None


def test_the_third_call_in_26_minutes_is_counted_and_named_by_the_last() -> None:
    repeat = judge_repeat([past(12), past(26)], now=NOON, shared=False)
    assert repeat is not None
    assert (repeat.count, repeat.since, repeat.last.agent) == (3, NOON - timedelta(minutes=26), "1001")
    assert (repeat.raises_priority, repeat.tells_supervisor) == (True, True)


def test_the_supervisor_is_told_only_once() -> None:
    repeat = judge_repeat([past(12), past(26), past(300)], now=NOON, shared=False)
    assert repeat is not None
    assert (repeat.raises_priority, repeat.tells_supervisor) == (True, False)


def test_a_call_of_this_morning_is_the_open_issue_and_not_again() -> None:
    repeat = judge_repeat([past(300)], now=NOON, shared=False)
    assert repeat is not None
    assert (repeat.count, repeat.follow) == (2, "same_ticket")


def test_a_call_of_two_days_ago_counts_only_for_the_week() -> None:
    assert judge_repeat([past(60 * 48)], now=NOON, shared=False) is None
    repeat = judge_repeat([past(10), past(60 * 48)], now=NOON, shared=False)
    assert repeat is not None
    assert (repeat.count, repeat.calls_in_24h, repeat.calls_in_7d) == (2, 2, 3)


@pytest.mark.parametrize(
    ("call", "follow"),
    [
        (past(2, talked_s=12), "same_thread"),
        (past(2, talked_s=120, cause="38"), "same_thread"),
        (past(2, talked_s=120, cause="NETWORK_OUT_OF_ORDER"), "same_thread"),
        (past(2, talked_s=120, cause="congestion"), "same_thread"),
        (past(2, talked_s=120, cause="normalClearing"), "same_ticket"),
        (past(2, talked_s=None, outcome="missed_agent"), "same_ticket"),
        (past(300, talked_s=12), "same_ticket"),
    ],
)
def test_a_talk_cut_off_just_now_is_taken_up_again(call: PastCall, follow: str) -> None:
    repeat = judge_repeat([call], now=NOON, shared=False)
    assert repeat is not None
    assert repeat.follow == follow


def test_on_a_shared_line_calls_are_counted_and_nothing_is_merged() -> None:
    repeat = judge_repeat([past(5, talked_s=12), past(8)], now=NOON, shared=True)
    assert repeat is not None
    assert (repeat.count, repeat.by_line, repeat.follow, repeat.raises_priority) == (3, True, "none", False)


def test_three_misses_are_told_to_who_takes_the_fourth_call() -> None:
    missed = [past(minutes, outcome="missed_agent", talked_s=None) for minutes in (2, 5, 9)]
    repeat = judge_repeat([*missed, past(20), past(25, outcome="missed_agent", talked_s=None)], now=NOON, shared=False)
    assert repeat is not None
    assert repeat.missed_before == 3


def test_a_line_may_set_its_own_windows() -> None:
    windows = RepeatWindows(again=timedelta(minutes=5), open_issue=timedelta(minutes=10))
    assert judge_repeat([past(11)], now=NOON, shared=False, windows=windows) is None
