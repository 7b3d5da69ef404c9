"""Decide what an answer means: the connector's own rows first, then the operation's class of defaults. First match wins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from tieline.connectors.contract import Outcome
from tieline.connectors.language.conditions import compile_conditions
from tieline.connectors.language.paths import Read, compile_path
from tieline.connectors.manifest.answers import OutcomeRow, Wait
from tieline.connectors.wire.messages import Answer
from tieline.domain import errors
from tieline.kit.clock import Clock

LONGEST_WAIT_S: Final = 3600.0
# A write that ends in one of these may have happened: without a key of ours at the vendor nobody knows.
_UNCLEAR_AFTER_WRITE: Final = frozenset({408, 500, 502, 504})

DEFAULT_ROWS: Final = (
    OutcomeRow.model_validate({"when": {"status": "2xx"}, "is": "ok"}),
    OutcomeRow.model_validate({"when": {"status": 401}, "is": "auth_expired"}),
    OutcomeRow.model_validate({"when": {"status": [402, 403]}, "is": "config"}),
    OutcomeRow.model_validate({"when": {"status": [408, 425]}, "is": "transient", "wait": "header.Retry-After"}),
    OutcomeRow.model_validate({"when": {"status": [409, 412]}, "is": "conflict"}),
    OutcomeRow.model_validate({"when": {"status": 429}, "is": "throttled", "wait": "header.Retry-After"}),
    OutcomeRow.model_validate({"when": {"status": "5xx"}, "is": "transient", "wait": "header.Retry-After"}),
    OutcomeRow.model_validate({"when": {"status": "3xx"}, "is": "config"}),
    OutcomeRow.model_validate({"when": {"status": "4xx"}, "is": "permanent"}),
)
_READ_ROWS: Final = (OutcomeRow.model_validate({"when": {"status": [404, 410]}, "is": "not_found"}),)
_WRITE_ROWS: Final = (OutcomeRow.model_validate({"when": {"status": sorted(_UNCLEAR_AFTER_WRITE)}, "is": "unknown"}),)


class Verdict(NamedTuple):
    """What the answer means; `row` counts the connector's own rows from 1, 0 is a default. `message` only for `explain`."""

    outcome: Outcome
    row: int
    wait_s: float | None = None
    message: str = ""
    because: str | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    outcome: Outcome
    row: int
    holds: Callable[[Mapping[str, Any]], bool]
    wait: Callable[[Mapping[str, Any], Clock], float | None]
    message: Read | None
    because: str | None


class OutcomeTable:
    """The rows of one operation, compiled."""

    def __init__(self, rows: Sequence[OutcomeRow], *, writes: bool, keyed: bool) -> None:
        by_kind = _FOR_READS if not writes else () if keyed else _FOR_WRITES
        self._rules = (*(_rule(row, number) for number, row in enumerate(rows, start=1)), *by_kind, *_FOR_ALL)

    def judge(self, answer: Answer, clock: Clock) -> Verdict:
        """Return the verdict; an answer no row speaks of (1xx) is `unknown`."""
        roots = answer.roots()
        for rule in self._rules:
            if rule.holds(roots):
                message = _message(rule.message, roots)
                return Verdict(rule.outcome, rule.row, rule.wait(roots, clock), message, rule.because)
        return Verdict("unknown", 0)


def _rule(row: OutcomeRow, number: int) -> _Rule:
    return _Rule(
        outcome=row.is_,
        row=number,
        holds=compile_conditions(row.when),
        wait=_compile_wait(row.wait),
        message=compile_path(row.message) if row.message else None,
        because=row.because,
    )


def _message(read: Read | None, roots: Mapping[str, Any]) -> str:
    return str(read(roots) or "")[:300] if read else ""


def _compile_wait(wait: str | Wait | None) -> Callable[[Mapping[str, Any], Clock], float | None]:
    if wait is None or (isinstance(wait, Wait) and wait.from_ is None):
        fixed = wait.seconds if isinstance(wait, Wait) else None
        return lambda _roots, _clock: fixed
    path, unit = (wait, "s") if isinstance(wait, str) else (str(wait.from_), wait.unit)
    read = compile_path(path)
    return lambda roots, clock: wait_seconds(read(roots), unit=unit, now=clock())


def wait_seconds(value: object, *, unit: str, now: datetime) -> float | None:
    """Read a wish to wait: a number, or an HTTP date (RFC 9110, 10.2.3). Nonsense is None; at most one hour."""
    try:
        number = float(str(value))
    except ValueError:
        return _until_date(str(value), now)
    seconds = {"s": number, "ms": number / 1000, "epoch_s": number - now.timestamp()}[unit]
    return min(seconds, LONGEST_WAIT_S) if seconds >= 0 else None


def _until_date(text: str, now: datetime) -> float | None:
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0.0, (aware - now).total_seconds()), LONGEST_WAIT_S)


# Compiled once: every operation of every connection ends with them.
_FOR_ALL: Final = tuple(_rule(row, 0) for row in DEFAULT_ROWS)
_FOR_READS: Final = tuple(_rule(row, 0) for row in _READ_ROWS)
_FOR_WRITES: Final = tuple(_rule(row, 0) for row in _WRITE_ROWS)

# An outcome that is not among them is a result, not an error.
ERRORS: Final[Mapping[Outcome, type[errors.ConnectorError]]] = {
    "ambiguous": errors.VendorAmbiguous,
    "conflict": errors.VendorConflict,
    "duplicate": errors.VendorDuplicate,
    "auth_expired": errors.VendorAuthExpired,
    "throttled": errors.VendorThrottled,
    "transient": errors.VendorUnavailable,
    "permanent": errors.VendorRejected,
    "config": errors.VendorMisconfigured,
    "unknown": errors.OutcomeUnknown,
}


def raise_for(verdict: Verdict, answer: Answer) -> None:
    """Raise what the outcome calls for; ok, partial and not_found pass. The text holds the status and nothing of the answer."""
    place = f"row {verdict.row} of its outcome table" if verdict.row else "the usual meaning"
    detail = f"status {answer.status}, by {place}"
    if verdict.because == "do_not_disturb":
        raise errors.VendorDoNotDisturb(detail)
    raise_outcome(verdict.outcome, detail, wait_s=verdict.wait_s)


def raise_outcome(outcome: Outcome, detail: str, *, wait_s: float | None = None) -> None:
    """Raise the error of an outcome; ok, partial and not_found have none."""
    error = ERRORS.get(outcome)
    if error is not None:
        raise error(detail, retry_after_s=wait_s)
