"""What the journal writes: an audit row, a pop row, and the one statement that writes many of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who asked for whose data. `details` hold no personal value, only names of fields, counts and reasons."""

    at: datetime
    actor: str
    action: str
    actor_role: str | None = None
    subject: str | None = None
    call_id: str | None = None
    pop_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PopRow:
    """One pop as it was answered. The same id again replaces what was seen (`match_state`, `trace`, a higher `seq`)."""

    id: str
    state: str
    promised_at: datetime
    interaction_id: UUID | None = None
    call_id: str | None = None
    agent: str | None = None
    mode: str = "full"
    direction: str = "inbound"
    reason: str | None = None
    seq: int = 0
    shown_at: datetime | None = None
    chosen_ref: str | None = None
    match_state: str | None = None
    trace: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Append:
    """What one caller wants durable: an audit row, a pop, or both at once."""

    audit: AuditRow | None = None
    pop: PopRow | None = None


AUDIT_COLUMNS: Final = {
    "at": "timestamptz",
    "actor": "text",
    "actor_role": "text",
    "action": "text",
    "subject": "text",
    "call_id": "text",
    "pop_id": "text",
    "details": "jsonb",
}
POP_COLUMNS: Final = {
    "id": "text",
    "interaction_id": "uuid",
    "call_id": "text",
    "agent": "text",
    "mode": "text",
    "direction": "text",
    "state": "text",
    "reason": "text",
    "seq": "int",
    "promised_at": "timestamptz",
    "shown_at": "timestamptz",
    "chosen_ref": "text",
    "match_state": "text",
    "trace": "jsonb",
}


def _insert(table: str, columns: Mapping[str, str]) -> str:
    """Return INSERT … SELECT from one array per column. JSON travels as text, which Postgres parses once, on arrival."""
    arrays = ", ".join(f"%s::{'text' if kind == 'jsonb' else kind}[]" for kind in columns.values())
    values = ", ".join(f"given.{name}::jsonb" if kind == "jsonb" else f"given.{name}" for name, kind in columns.items())
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) AS given({names})"  # noqa: S608 - constants


INSERT_AUDIT: Final = _insert("audit_entries", AUDIT_COLUMNS)
INSERT_POPS: Final = (
    _insert("pops", POP_COLUMNS)
    + """
    ON CONFLICT (id) DO UPDATE SET
        match_state = excluded.match_state, trace = excluded.trace, seq = greatest(pops.seq, excluded.seq)"""
)
INSERT_BOTH: Final = f"WITH audited AS ({INSERT_AUDIT}) {INSERT_POPS}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """One caller's rows, JSON already encoded, so that what cannot be encoded fails in that caller alone."""

    audit: tuple[Any, ...] | None
    pop: tuple[Any, ...] | None


def prepare(append: Append) -> Prepared:
    """Encode one caller's rows. Raises: TypeError: `details` or `trace` hold something JSON has no form for."""
    return Prepared(
        _values(append.audit, AUDIT_COLUMNS) if append.audit else None, _values(append.pop, POP_COLUMNS) if append.pop else None
    )


def statement(batch: Sequence[Prepared]) -> tuple[bytes, list[list[Any]]]:
    """Return the one statement that writes a batch, and its arrays. Of pops with the same id only the last is written."""
    audits = [row.audit for row in batch if row.audit is not None]
    pops = list({row.pop[0]: row.pop for row in batch if row.pop is not None}.values())
    arrays = [list(column) for rows in (audits, pops) if rows for column in zip(*rows, strict=True)]
    if not pops:
        return INSERT_AUDIT.encode(), arrays
    return (INSERT_BOTH if audits else INSERT_POPS).encode(), arrays


def _values(row: AuditRow | PopRow, columns: Mapping[str, str]) -> tuple[Any, ...]:
    return tuple(
        orjson.dumps(getattr(row, name)).decode() if kind == "jsonb" else getattr(row, name) for name, kind in columns.items()
    )
