"""What a vendor's records no longer look like: fields that a mapping cannot read any more. Nothing else of the record is lost.

One odd record is no drift: a field is flagged when, within some minutes, it could not be read in several records and in at least
half of all. It is told once, counted always, and forgotten when it reads again. Each process sees what it reads itself.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from tieline.kit.clock import monotonic_s
from tieline.observability.metrics import UNREADABLE_FIELDS

log = structlog.get_logger(__name__)

FEWEST: Final = 3
"""So many records must have failed before a field is flagged."""
SPAN_S: Final = 300.0
"""Records count for at least this long, and for twice as long at most, in seconds."""


@dataclass(slots=True)
class _Tally:
    """What one span of time has brought."""

    began_s: float
    records: int = 0
    unread: Counter[str] = field(default_factory=Counter)


class Drift:
    """Watches the records of one kind from one connection. `monotonic` returns seconds."""

    def __init__(self, monotonic: Callable[[], float] = monotonic_s) -> None:
        self._monotonic = monotonic
        self._past = self._now = _Tally(monotonic())
        self._told: set[str] = set()

    def note(self, records: int, unread: list[str], *, connection: str, kind: str) -> None:
        """Count the records of one answer, and by name the fields of them that could not be read."""
        self._turn()
        self._now.records += records
        for name in unread:
            self._now.unread[name] += 1
            UNREADABLE_FIELDS.labels(connection, kind, name).inc()
        if unread or self._told:
            self._tell(connection, kind)

    def fields(self) -> tuple[str, ...]:
        """Return the canonical fields that are flagged, by name."""
        self._turn()
        records = self._past.records + self._now.records
        unread = self._past.unread + self._now.unread
        return tuple(sorted(name for name, count in unread.items() if count >= FEWEST and 2 * count >= records))

    def _tell(self, connection: str, kind: str) -> None:
        flagged = set(self.fields())
        for name in sorted(flagged - self._told):
            log.warning("mapping.drifted", connection=connection, record=kind, field=name)
        self._told = flagged

    def _turn(self) -> None:
        now_s = self._monotonic()
        if now_s - self._now.began_s >= SPAN_S:
            stale = now_s - self._now.began_s >= 2 * SPAN_S
            self._past, self._now = _Tally(now_s) if stale else self._now, _Tally(now_s)
