"""What may stand in a log line: a list of names. Whatever is not on it is dropped, and only its name is noted."""

import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

_EVERY_LINE: Final = {"timestamp", "level", "event", "logger", "exception", "frames", "dropped", "request_id", "trace_id"}
_REQUEST: Final = {
    "actor",
    "role",
    "permission",
    "route",
    "method",
    "status",
    "code",
    "took_ms",
    "waited_ms",
    "reason",
    "outcome",
    "why",
    "hint",
    "error",
    "sqlstate",
    "provider",
    "ended",
}
_CALL: Final = {
    "call_id",
    "interaction_id",
    "pop_id",
    "seq",
    "agent",
    "agents",
    "queue",
    "channel",
    "event_type",
    "type",
    "effect",
    "ticket_id",
    "hung_up",
    "listed",
    "shown",
    "gaps",
    "filtered",
}
_SOURCE: Final = {
    "connection",
    "connections",
    "connector",
    "operation",
    "source",
    "block",
    "breaker",
    "attempt",
    "pages",
    "match",
    "action",
    "act",
    "record",
    "subscription_id",
    "arrival_id",
    "took",
    "taken",
    "news",
    "faults",
    "unreadable",
    "conflicts",
    "settled",
    "how",
}
_WORK: Final = {
    "job",
    "task",
    "worker",
    "scenario",
    "review_id",
    "key_id",
    "state",
    "kind",
    "mode",
    "rule",
    "duplicate",
    "expires_at",
    "work",
    "duty",
    "scheduled_for",
    "attempts",
    "in_s",
    "again_in_s",
    "age_s",
}
_AMOUNT: Final = {"count", "size", "rows", "items", "entries", "batch"}
_PLACE: Final = {"field", "file", "line_no", "settings", "version", "host", "url_host", "port", "pid", "process"}
_SEAL: Final = {"checkpoint", "digest", "signature"}
ALLOWED: Final = frozenset(_EVERY_LINE | _REQUEST | _CALL | _SOURCE | _WORK | _AMOUNT | _PLACE | _SEAL)
"""Never here: from, to, phone, name, email, address, body, headers, query, url, token, secret, text, detail, message."""

_FIRST: Final = ("timestamp", "level", "event")

_AS_THEY_ARE: Final = frozenset(
    {
        "timestamp",
        "level",
        "request_id",
        "trace_id",
        "pop_id",
        "interaction_id",
        "review_id",
        "key_id",
        "ticket_id",
        "arrival_id",
        "subscription_id",
        "digest",
        "signature",
        "_record",
        "_from_structlog",
    }
)
"""What we made ourselves holds long runs of digits by chance; an exchange's call id may hold the caller's number on purpose."""

_FEWEST_DIGITS: Final = 7
_NUMBER: Final = re.compile(r"\+?\d(?:[\s\-().]?\d){6,}")
_LONGEST_TEXT: Final = 200
_FRAMES_KEPT: Final = 12


def keep_allowed(_logger: object, _method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Drop every field whose name is not allowed; shorten and scrub the rest (a structlog processor)."""
    kept: dict[str, Any] = {name: line[name] for name in _FIRST if name in line}
    dropped: list[str] = []
    for name, value in line.items():
        if name in _AS_THEY_ARE:
            kept[name] = value
        elif name in ALLOWED:
            kept[name] = _scrubbed(value)
        else:
            dropped.append(name)
    if dropped:
        kept["dropped"] = sorted(dropped)
    return kept


def describe_exception(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type and where it arose. Its message stays out: databases quote values in theirs."""
    found = line.pop("exc_info", None)
    line.pop("exc_text", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        line["exception"] = " < ".join(_names_of(error))
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_KEPT:]
        line["frames"] = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    return line


def _names_of(error: BaseException) -> list[str]:
    names: list[str] = []
    current: BaseException | None = error
    while current is not None and len(names) < _FRAMES_KEPT:
        names.append(f"{type(current).__module__}.{type(current).__qualname__}")
        current = current.__cause__ or current.__context__
    return names


def _short(filename: str) -> str:
    return "/".join(filename.replace("\\", "/").split("/")[-2:])


def _scrubbed(value: object) -> object:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrubbed(item) for item in value]
    text = str(value)
    if len(text) >= _FEWEST_DIGITS:
        text = _NUMBER.sub("[number]", text)
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
