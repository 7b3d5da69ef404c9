"""The caller who calls again: how often, how the last call ended, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

Follow = Literal["none", "same_ticket", "same_thread"]

CUT_OFF_WITHIN: Final = timedelta(seconds=20)
"""A talk that broke off this soon after the answer is taken up again rather than counted anew."""
CALLS_THAT_ALARM: Final = 3
DAY: Final = timedelta(hours=24)
FIRST_CONTACT_WINDOW: Final = timedelta(days=7)

ABNORMAL_CAUSES: Final = frozenset(
    {
        "network",
        "congestion",
        "networkoutoforder",
        "normaltemporaryfailure",
        "destinationoutoforder",
        "mediatimeout",
        "recoveryontimerexpire",
        "switchcongestion",
        "27",
        "38",
        "41",
        "42",
        "102",
    }
)
"""Causes that nobody chose, as ITU-T Q.850 numbers them (27, 38, 41, 42, 102) and as exchanges name them; read 2026-11-22:
https://developer.signalwire.com/freeswitch/FreeSWITCH-Explained/Troubleshooting-Debugging/Hangup-Cause-Code-Table_3964945/"""


@dataclass(frozen=True, slots=True)
class PastCall:
    """One earlier interaction of the same customer or number. `agent` is the last who talked, or was rung if nobody did."""

    interaction_id: str
    call_id: str
    direction: str
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    agent: str | None = None
    queue: str | None = None
    line: str | None = None
    hangup_cause: str | None = None
    talk_s: int | None = None
    customer_ref: str | None = None

    @property
    def cut_off(self) -> str | None:
        """Return what shows that the talk broke off before it could help: `hangup_cause=38`, `talk_s<20`; None: it did not.

        A short talk counts whoever ended it: a customer who hangs up in the middle of a greeting was not helped either.
        """
        if self.answered_at is None or self.ended_at is None:
            return None
        if is_abnormal(self.hangup_cause):
            return f"hangup_cause={self.hangup_cause}"
        short = self.ended_at - self.answered_at < CUT_OFF_WITHIN
        return f"talk_s<{CUT_OFF_WITHIN.seconds}" if short else None


@dataclass(frozen=True, slots=True)
class RepeatWindows:
    """How long a call counts as "again" and as the same open issue; both settable per line."""

    again: timedelta = timedelta(minutes=30)
    open_issue: timedelta = DAY


@dataclass(frozen=True, slots=True)
class RepeatCaller:
    """What the agent is told about the calls before this one.

    `count` includes this call and covers the "again" window, or the open-issue window if none was so recent; `since` is the first
    call counted. `by_line`: the calls came from a shared line and may be other people's, so nothing is taken up again.
    `cut_off`: what shows that the last talk broke off, see `PastCall`.
    `raises_priority`: at least the third call within 24 h; `tells_supervisor` only on exactly the third, so it is told once.
    """

    count: int
    since: datetime
    last: PastCall
    follow: Follow
    by_line: bool
    calls_in_24h: int
    calls_in_7d: int
    missed_before: int
    raises_priority: bool
    tells_supervisor: bool
    cut_off: str | None


def is_abnormal(cause: str | None) -> bool:
    """Say whether a hang-up cause is one nobody chose."""
    return cause is not None and "".join(letter for letter in cause.lower() if letter.isalnum()) in ABNORMAL_CAUSES


def judge_repeat(
    past: Sequence[PastCall], *, now: datetime, shared: bool, windows: RepeatWindows | None = None
) -> RepeatCaller | None:
    """Decide what earlier calls mean for the one that rings at `now`; None: nobody called within the open-issue window.

    `past` are the earlier calls of the customer, or of the number where `shared` is false; of the shared line otherwise.
    """
    windows = windows or RepeatWindows()
    newest_first = sorted((call for call in past if call.started_at <= now), key=lambda call: call.started_at, reverse=True)
    again = _within(newest_first, now, windows.again)
    counted = again or _within(newest_first, now, windows.open_issue)
    if not counted:
        return None
    in_24h = len(_within(newest_first, now, DAY)) + 1
    last = counted[0]
    return RepeatCaller(
        count=len(counted) + 1,
        since=counted[-1].started_at,
        last=last,
        follow=_follow(last, recent=bool(again), shared=shared),
        by_line=shared,
        calls_in_24h=in_24h,
        calls_in_7d=len(_within(newest_first, now, FIRST_CONTACT_WINDOW)) + 1,
        missed_before=_missed_in_a_row(newest_first),
        raises_priority=not shared and in_24h >= CALLS_THAT_ALARM,
        tells_supervisor=not shared and in_24h == CALLS_THAT_ALARM,
        cut_off=last.cut_off,
    )


def _within(newest_first: Sequence[PastCall], now: datetime, window: timedelta) -> list[PastCall]:
    return [call for call in newest_first if now - call.started_at <= window]


def _follow(last: PastCall, *, recent: bool, shared: bool) -> Follow:
    if shared:
        return "none"
    return "same_thread" if recent and last.cut_off else "same_ticket"


def _missed_in_a_row(newest_first: Sequence[PastCall]) -> int:
    """Count the calls since the customer last talked to somebody."""
    count = 0
    for call in newest_first:
        if call.outcome == "served":
            break
        if call.outcome in {"missed_agent", "abandoned_queue"}:
            count += 1
    return count
