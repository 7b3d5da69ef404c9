"""Is this caller back? Reads the earlier calls and lets the pure rule decide."""

from datetime import datetime, timedelta

from tieline.domain.line import Line
from tieline.domain.repeat_caller import RepeatCaller, RepeatWindows, judge_repeat
from tieline.store import call_history
from tieline.store.database_connect import Connection


async def look(
    conn: Connection, *, e164: str | None, ref: str | None, shared: bool, line: Line | None, now: datetime
) -> RepeatCaller | None:
    """Return what earlier calls mean; None: nobody called lately.

    On a `shared` line the number's calls are counted and shown as the line's, never merged into one story.
    """
    past = await call_history.recent(conn, e164=e164, ref=None if shared else ref, now=now)
    return judge_repeat(past, now=now, shared=shared, windows=windows_of(line))


def windows_of(line: Line | None) -> RepeatWindows:
    """Return a line's own windows, else the defaults."""
    if line is None:
        return RepeatWindows()
    return RepeatWindows(again=timedelta(seconds=line.repeat_window_s), open_issue=timedelta(seconds=line.open_issue_window_s))
