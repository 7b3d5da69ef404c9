"""Rows about records: what a CRM, an ERP or a helpdesk tells becomes a canonical event."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from tieline.connectors.inbound.call_rows import told
from tieline.connectors.inbound.fields import compile_source, compile_time
from tieline.connectors.inbound.rows import Drawing, Roots, Row
from tieline.connectors.language.conditions import canonical, compile_conditions
from tieline.connectors.language.paths import compile_path
from tieline.connectors.language.writing import as_text, json_bytes
from tieline.connectors.manifest.inbound_rows import NOTHING, EventRow
from tieline.domain.event import Event, version_of

LONGEST_VALUE: Final = 4000
_FROM_ISO: Final = compile_time("iso", "")


def compile_event_row(row: EventRow, config: Mapping[str, Any]) -> Row:
    """Compile one row. Raises: VendorMisconfigured: an unknown zone."""
    name = compile_source(row.id, config)
    occurred_at = compile_source(row.occurred_at, config)
    version = compile_source(row.version, config)
    record = compile_path(row.record) if row.record else None
    fields = {field: compile_source(source, config) for field, source in row.fields.items()}
    repeated = [compile_path(path) for path in row.dedupe]

    def draw(roots: Roots) -> Drawing:
        event: dict[str, Any] = {"kind": row.emit, **({"refetch": True} if row.refetch else {})}
        _put(event, "external_id", _identifier(name(roots)))
        _put(event, "occurred_at", _instant(occurred_at(roots)))
        _put(event, "version", version_of(version(roots)))
        found = record(roots) if record else None
        _put(event, "record", found if isinstance(found, dict) else None)
        if record and not isinstance(found, dict):
            return event, "record: there is no object where it should be"
        drawn = {field: _scalar(read(roots)) for field, read in fields.items()}
        _put(event, "fields", {field: value for field, value in drawn.items() if value is not None} or None)
        _put(event, "dedupe_key", _dedupe_key(event, [read(roots) for read in repeated]))
        return event, _fault(event)

    return Row(
        holds=compile_conditions(row.when) if row.when else lambda _roots: True,
        each=compile_path(row.each) if row.each else None,
        draw=None if row.emit == NOTHING else draw,
    )


def _put(event: dict[str, Any], name: str, value: object) -> None:
    if value is not None:
        event[name] = value


def _identifier(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    return as_text(value).strip() or None


def _instant(value: object) -> datetime | None:
    """Take a time that was read, or plain ISO text with its offset; what is neither is left out."""
    moment = value if isinstance(value, datetime) else _FROM_ISO(value)
    return moment if moment is not None and moment.tzinfo else None


def _scalar(value: object) -> str | int | float | bool | None:
    """Keep what a field may hold; a time and an exact number are written as text."""
    match value:
        case str():
            return value[:LONGEST_VALUE]
        case bool() | int() | float():
            return value
        case datetime() | Decimal():
            return as_text(value)
        case _:
            return None


def _dedupe_key(event: Mapping[str, Any], repeated: list[Any]) -> str | None:
    """Digest what only a repetition shares: as declared, else the event itself if it says how new it is.

    None: an event without version and instant may be told twice in the same words and mean two things.
    """
    if repeated:
        words = [canonical(value) for value in repeated]
        sound = None not in words and any(word not in {"null", ""} for word in words)
        told_apart = "\x1f".join([event["kind"], *(word or "" for word in words)]) if sound else None
    else:
        told_apart = json_bytes(event).decode() if "version" in event or "occurred_at" in event else None
    return hashlib.sha256(told_apart.encode(errors="surrogatepass")).hexdigest() if told_apart else None


def _fault(event: Mapping[str, Any]) -> str:
    try:
        Event.model_validate(event)
    except ValidationError as exc:
        return told(exc)
    return ""
