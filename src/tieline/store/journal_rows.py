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
    """Return INSERT … SELECT from one JSON array: encoding it costs a fifth of what an array per column costs."""
    names, typed = ", ".join(columns), ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM json_to_recordset(%s::json) AS given({typed})"  # noqa: S608 - constants


_AUDIT: Final = _insert("audit_entries", AUDIT_COLUMNS)
_POPS: Final = (
    _insert("pops", POP_COLUMNS)
    + """
    ON CONFLICT (id) DO UPDATE SET
        match_state = excluded.match_state, trace = excluded.trace, seq = greatest(pops.seq, excluded.seq)"""
)
INSERT_AUDIT: Final = _AUDIT.encode()
INSERT_POPS: Final = _POPS.encode()
INSERT_BOTH: Final = f"WITH audited AS ({_AUDIT}) {_POPS}".encode()


@dataclass(frozen=True, slots=True)
class Prepared:
    """One caller's rows as JSON, encoded early, so that what cannot be encoded fails in that caller alone."""

    audit: bytes | None
    pop: bytes | None
    pop_id: str


def prepare(append: Append) -> Prepared:
    """Encode one caller's rows. Raises: TypeError: they hold something JSON has no form for, such as half a surrogate pair."""
    return Prepared(
        audit=orjson.dumps(append.audit) if append.audit else None,
        pop=orjson.dumps(append.pop) if append.pop else None,
        pop_id=append.pop.id if append.pop else "",
    )


def statement(batch: Sequence[Prepared]) -> tuple[bytes, tuple[str, ...]]:
    """Return the one statement that writes a batch, and its arrays. Of pops with the same id only the last is written."""
    audits = _array([row.audit for row in batch if row.audit is not None])
    pops = _array(list({row.pop_id: row.pop for row in batch if row.pop is not None}.values()))
    if not pops:
        return INSERT_AUDIT, (audits or "[]",)
    return (INSERT_BOTH, (audits, pops)) if audits else (INSERT_POPS, (pops,))


def _array(rows: Sequence[bytes]) -> str:
    return (b"[" + b",".join(rows) + b"]").decode() if rows else ""
