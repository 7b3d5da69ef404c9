"""Writing one field: whether we may, and what it is called on the other side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from tieline.domain.errors import MappingInvalid, RequestRefused
from tieline.mapping.codecs.codec import Shape
from tieline.mapping.codecs.times import write_date, write_iso
from tieline.mapping.exact import exact_text
from tieline.mapping.fields import FieldKind
from tieline.mapping.paths import Step, put
from tieline.mapping.read import Decode, Reader, is_empty
from tieline.mapping.refusals import Unreadable, Unwritable
from tieline.mapping.row import CompiledRow
from tieline.mapping.spec import Row

NEEDS_CURRENT: Final = frozenset({"if_empty", "append"})
_TIMES: Final = frozenset({FieldKind.DATE, FieldKind.DATETIME})
_UNREADABLE: Final = object()


@dataclass(frozen=True, slots=True)
class Writer:
    """`encode` gives the vendor's value; `present` reads what stands at the target now."""

    row: CompiledRow
    steps: tuple[Step, ...]
    encode: Callable[[Any], Any]
    find_present: Callable[[Mapping[str, Any]], Any]
    decode_present: Decode


def may_write(row: Row, current: object, *, is_new: bool) -> bool:
    """Say whether `row` may touch the vendor's field, given what is there now."""
    match row.write:
        case "overwrite" | "append":
            return True
        case "if_new":
            return is_new
        case "if_empty":
            return current in (None, "", [])


def build_writer(row: CompiledRow, steps: tuple[Step, ...], present: Reader) -> Writer:
    """Join the codec, words and target of a row; `present` reads the same row at its target."""
    return Writer(row, steps, _encoder(row), present.find, present.decode)


def write_field(writer: Writer, value: object, tree: dict[str, Any], *, current: Mapping[str, Any] | None, is_new: bool) -> None:
    """Put one canonical value into the vendor's `tree`, if the row may; None clears what is there.

    Raises: MappingInvalid: the row cannot say it in the vendor's words. RequestRefused: not a value of this field.
    """
    row = writer.row
    present = _present(writer, current) if row.row.write in NEEDS_CURRENT else None
    if not may_write(row.row, None if present is None else present, is_new=is_new):
        return
    checked = None if value is None else check_value(row, value)
    try:
        if row.row.write == "append" and checked is not None:
            checked = _appended(present, checked)
        _put(writer, writer.encode(checked), tree)
    except Unwritable as exc:
        raise MappingInvalid(str(exc), where=row.where, code="value_unwritable") from exc


def check_value(row: CompiledRow, value: object) -> Any:  # noqa: ANN401 - whatever the canonical field holds
    """Return `value` as its canonical field holds it. Raises: RequestRefused: it is of another type."""
    try:
        checked = row.canonical.adapter.validate_python(value)
    except ValidationError as exc:
        raise RequestRefused(f"{row.name} does not hold a value of this type", code="field_type") from exc
    if isinstance(checked, datetime) and checked.tzinfo is None:
        raise RequestRefused(f"{row.name} needs an instant with its offset", code="field_datetime")
    return checked


def _present(writer: Writer, current: Mapping[str, Any] | None) -> object:
    """Return what stands at the target, read as the row reads it; None: nothing."""
    found = None if current is None else writer.find_present(current)
    if is_empty(found):
        return None
    try:
        value = writer.decode_present(found)
    except Unreadable:
        return _UNREADABLE
    return None if is_empty(value) else value


def _appended(present: object, added: Any) -> object:  # noqa: ANN401 - a text or several
    """Add what is not there yet: texts to the end of the list, a text on lines of its own."""
    if present is None:
        return added
    if isinstance(present, tuple):
        return tuple(dict.fromkeys((*present, *added)))
    if not isinstance(present, str):
        raise Unwritable("what stands there cannot be read, so nothing can be added to it")
    return present if f"\n{added}\n" in f"\n{present}\n" else f"{present}\n{added}"


def _encoder(row: CompiledRow) -> Callable[[Any], Any]:
    """Return the way from a canonical value to the vendor's, which is a pair when the codec also writes beside it."""
    codec = row.codec
    translate = row.words.write if row.words else None
    send = codec.write if codec and codec.write else None
    several = row.canonical.kind is FieldKind.TEXTS
    whole = codec is not None and codec.gives is Shape.LIST
    # A codec that reads text into a date field is followed by ISO 8601, so that is what it is given back.
    as_text = codec is not None and codec.gives is Shape.TEXT and row.canonical.kind in _TIMES

    def encode_one(value: object) -> object:
        word = value if translate is None else translate(value)
        return word if send is None or (several and whole) else send(_plain(word) if as_text else word)

    def encode(value: Any) -> Any:  # noqa: ANN401 - canonical in, vendor out
        if value is None:
            return codec.nothing if codec else None
        if not several:
            return encode_one(value)
        items = [encode_one(item) for item in value]
        return send(items) if whole and send else items

    return encode


def _put(writer: Writer, value: Any, tree: dict[str, Any]) -> None:  # noqa: ANN401 - a vendor's value
    codec = writer.row.codec
    beside = codec.beside if codec else None
    if beside is not None and isinstance(value, tuple):
        value, neighbour = value
        if beside.find(tree) not in {None, neighbour}:
            raise Unwritable("two rows want different values beside them at the same place")
        put(tree, beside.steps or (), neighbour)
    put(tree, writer.steps, _plain(value))


def _plain(value: Any) -> Any:  # noqa: ANN401 - a vendor's value
    """Return `value` as JSON can carry it, without loss: numbers with decimals and times go as text."""
    match value:
        case Decimal():
            return exact_text(value)
        case datetime():
            return write_iso(value)
        case date():
            return write_date(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
