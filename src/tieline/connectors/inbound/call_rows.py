"""Rows about calls: what a PBX tells becomes the fields of a canonical call event."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from tieline.connectors.inbound.fields import compile_source
from tieline.connectors.inbound.rows import Drawing, Roots, Row
from tieline.connectors.language.conditions import compile_conditions
from tieline.connectors.language.paths import compile_path
from tieline.connectors.language.writing import as_text
from tieline.connectors.manifest.inbound_rows import NOTHING, CallRow
from tieline.domain.call import CallEvent

_NUMBERS: Final = frozenset({"talk_s", "wait_s"})
_SOME_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


def compile_call_row(row: CallRow, config: Mapping[str, Any]) -> Row:
    """Compile one row. Raises: VendorMisconfigured: an unknown zone."""
    fields = {name: compile_source(source, config) for name, source in row.fields.items()}
    data = {name: compile_source(source, config) for name, source in row.data.items()}

    def draw(roots: Roots) -> Drawing:
        drawn: dict[str, Any] = {"type": row.emit, "at": None}
        for name, read in fields.items():
            value = _plain(name, read(roots))
            if value is not None:
                drawn[name] = value
        carried = {name: read(roots) for name, read in data.items()}
        plain = {name: value for name, value in carried.items() if isinstance(value, str | int | float | bool)}
        drawn = {**drawn, "data": plain} if plain else drawn
        return drawn, _fault(drawn)

    return Row(
        holds=compile_conditions(row.when) if row.when else lambda _roots: True,
        each=compile_path(row.each) if row.each else None,
        draw=None if row.emit == NOTHING else draw,
    )


def _plain(name: str, value: object) -> Any:  # noqa: ANN401 - text, a number or a time
    """Keep text as text, write numbers as text where text is wanted, and drop what is empty or no scalar."""
    if isinstance(value, datetime) or value is None:
        return value
    if not isinstance(value, str | int | float | Decimal):
        return None
    if name in _NUMBERS:
        return _seconds(value)
    return as_text(value).strip() or None


def _seconds(value: str | float | Decimal) -> int | None:
    try:
        return max(0, round(float(value)))
    except (ValueError, OverflowError):
        return None


def _fault(fields: Mapping[str, Any]) -> str:
    """Say which field no call event can have; the value itself is not repeated."""
    try:
        CallEvent.model_validate({**fields, "at": fields["at"] or _SOME_TIME})
    except ValidationError as exc:
        return told(exc)
    return ""


def told(exc: ValidationError) -> str:
    """Tell the first fault without the value."""
    first = exc.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'event'}: {first['type']}"
