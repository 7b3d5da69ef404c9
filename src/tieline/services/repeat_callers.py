"""How long a call on a line counts as "again" and as the same open issue."""

from datetime import timedelta

from tieline.domain.line import Line
from tieline.domain.repeat_caller import RepeatWindows


def windows_of(line: Line | None) -> RepeatWindows:
    """Return a line's own windows, else the defaults."""
    if line is None:
        return RepeatWindows()
    return RepeatWindows(again=timedelta(seconds=line.repeat_window_s), open_issue=timedelta(seconds=line.open_issue_window_s))
