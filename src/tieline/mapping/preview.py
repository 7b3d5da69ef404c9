"""Explaining a reading, field by field, for the person who writes the rows."""

from dataclasses import dataclass
from typing import Literal

from tieline.mapping.expressions import Record
from tieline.mapping.fields import FieldKind
from tieline.mapping.read import Reader, is_empty
from tieline.mapping.refusals import Unreadable

PreviewOutcome = Literal["read", "default", "absent", "left_out"]


@dataclass(frozen=True, slots=True)
class FieldPreview:
    """What became of one row. `found` and `result` hold values out of the record: personal, so show them only to who may see.

    `path` is the one that held something, or all that were tried, joined by ` , `; a field of several texts names each that
    held something, and its `found` is a list. `reason` is empty when the value was read whole.
    """

    row: str
    path: str
    codec: str
    outcome: PreviewOutcome
    found: object = None
    result: object = None
    reason: str = ""
    required: bool = False


def preview_field(reader: Reader, record: Record) -> FieldPreview:
    """Read one field as `read` does, and tell what happened instead of raising."""
    row = reader.row
    try:
        path, found = _found(reader, record)
        value = None if is_empty(found) else reader.decode(found)
        outcome, result, reason = _verdict(reader, found, value)
    except Unreadable as exc:
        path, found = ", ".join(each.text for each in row.paths), _quietly(reader, record)
        outcome, result, reason = "left_out", None, str(exc)
    return FieldPreview(row.name, path, row.row.as_, outcome, found, result, reason, row.row.required)


def _found(reader: Reader, record: Record) -> tuple[str, object]:
    paths = reader.row.paths
    holding = [path.text for path in paths if not is_empty(path.find(record))]
    if holding and reader.row.canonical.kind is not FieldKind.TEXTS:
        holding = holding[:1]
    return ", ".join(holding or [path.text for path in paths]), reader.find(record)


def _quietly(reader: Reader, record: Record) -> object:
    try:
        return reader.find(record)
    except Unreadable:
        return None


def _verdict(reader: Reader, found: object, value: object) -> tuple[PreviewOutcome, object, str]:
    if is_empty(value):
        default = reader.row.default
        why = "nothing there" if is_empty(found) else "nothing left after the codec"
        return ("absent", None, why) if default is None else ("default", default, why)
    reason = reader.decode_each(found)[1] if reader.decode_each else ""
    return "read", value, f"some left out: {reason}" if reason else ""
