"""The mapping of one kind of record: what the other rooms hold in their hands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tieline.domain.errors import RequestRefused, VendorBadAnswer
from tieline.mapping.expressions import Find
from tieline.mapping.preview import FieldPreview, preview_field
from tieline.mapping.read import Decode, Reader, build_reader, is_empty
from tieline.mapping.refusals import Unreadable
from tieline.mapping.row import CompiledRow
from tieline.mapping.spec import Row
from tieline.mapping.write import NEEDS_CURRENT, Writer, build_writer, write_field

_NOT_GIVEN: Final = object()


def _nobody(_name: str) -> None:
    """Hear of a field that could not be read, and do nothing."""


class RecordMapping:
    """Translates one kind of record to and from the canonical model. Built by `compile_rows`; never changes; holds no record."""

    def __init__(self, kind: str, rows: Sequence[CompiledRow]) -> None:
        """Build from rows that `compile_rows` has checked against one another."""
        self.kind = kind
        self._compiled = rows
        self.rows: Mapping[str, Row] = {row.name: row.row for row in rows}
        self._readers = tuple(build_reader(row) for row in rows if row.paths or row.default is not None)
        self._writers = tuple(_writer(row) for row in rows if row.target is not None)
        # The canonical fields for which an update must know the vendor's present record.
        self.needs_current = frozenset(writer.row.name for writer in self._writers if writer.row.row.write in NEEDS_CURRENT)
        self._steps = tuple(map(_step, self._readers))

    @property
    def reads(self) -> frozenset[str]:
        """The canonical fields that reading can fill, `id` among them."""
        return frozenset(reader.row.name for reader in self._readers)

    @property
    def writes(self) -> frozenset[str]:
        """The canonical fields that can be written."""
        return frozenset(writer.row.name for writer in self._writers)

    def without_writing(self, fields: frozenset[str]) -> "RecordMapping":
        """Return the same mapping that never writes some canonical fields."""
        if not fields & self.writes:
            return self
        return RecordMapping(self.kind, [replace(row, target=None) if row.name in fields else row for row in self._compiled])

    def read(self, record: Mapping[str, Any], /, told: Callable[[str], object] = _nobody) -> dict[str, Any]:
        """Return canonical field → value, ready for the kind's model once `ref` is made of `id`; what is not there is absent.

        A value that cannot be read leaves its field out, and `told` hears its name; `preview` says why. Raises: VendorBadAnswer:
        so did a required one.
        """
        fields: dict[str, Any] = {}
        get = record.get
        # This loop runs for every field of every record: whatever can be seen without a call is seen without one.
        for name, key, find, decode, keeps_text, default, required in self._steps:
            try:
                found = find(record) if key is None else get(key)
                if keeps_text and found.__class__ is str and found and "\0" not in found:
                    fields[name] = found
                    continue
                value = decode(found) if found or not is_empty(found) else None
            except Unreadable as exc:
                told(name)
                if required:
                    raise VendorBadAnswer(f"the {self.kind}'s {name} cannot be read: {exc}") from exc
                continue
            if value or not is_empty(value):
                fields[name] = value
            elif default is not None:
                fields[name] = default
            elif required:
                told(name)
                raise VendorBadAnswer(f"the {self.kind} has no {name}")
        return fields

    def write(self, canonical: Mapping[str, Any], *, current: Mapping[str, Any] | None, is_new: bool) -> dict[str, Any]:
        """Return the vendor's tree for the canonical fields given; those no row writes are passed over (see `writes`).

        Give an update only the fields that changed: None clears the vendor's field, and an absent one is left alone. On a new
        record None is skipped and the defaults of absent fields are written. `current` is the vendor's present record.

        Raises: MappingInvalid: a value has no word on the other side. RequestRefused: a required field is missing, or a value
        is not of its field's type. ValueError: an update of a field in `needs_current` came without `current`.
        """
        if current is None and not is_new and self.needs_current & canonical.keys():
            raise ValueError("rows that look at what is there need the vendor's present record")
        tree: dict[str, Any] = {}
        for writer in self._writers:
            value = _given(writer.row, canonical, is_new=is_new)
            if value is not _NOT_GIVEN:
                write_field(writer, value, tree, current=current, is_new=is_new)
        return tree

    def write_one(self, name: str, value: object, *, current: Mapping[str, Any], is_new: bool) -> dict[str, Any]:
        """Return the vendor's tree for one field alone; empty: no row writes it, or its row may not. Raises: as `write`."""
        tree: dict[str, Any] = {}
        for writer in self._writers:
            if writer.row.name == name:
                write_field(writer, value, tree, current=current, is_new=is_new)
        return tree

    def preview(self, record: Mapping[str, Any]) -> tuple[FieldPreview, ...]:
        """Explain how each field of `record` is read, in the order of the rows; never raises for what the record holds."""
        return tuple(preview_field(reader, record) for reader in self._readers)


def _step(reader: Reader) -> tuple[str, str | None, Find, Decode, bool, object, bool]:
    row = reader.row
    return row.name, reader.key, reader.find, reader.decode, reader.keeps_text, row.default, row.row.required


def _writer(row: CompiledRow) -> Writer:
    target = row.target
    if target is None or target.steps is None:
        raise ValueError("compile_rows lets only writable targets through")
    return build_writer(row, target.steps, _reader_at_target(row))


def _reader_at_target(row: CompiledRow) -> Reader:
    return build_reader(replace(row, paths=(row.target,) if row.target else ()))


def _given(row: CompiledRow, canonical: Mapping[str, Any], *, is_new: bool) -> object:
    """Return the value to write, None to clear, or _NOT_GIVEN. Raises: RequestRefused: required and missing."""
    value = canonical.get(row.name, _NOT_GIVEN)
    if is_new and (value is None or value is _NOT_GIVEN):
        value = _NOT_GIVEN if row.default is None else row.default
    if row.row.required and (value is None or (is_new and value is _NOT_GIVEN)):
        raise RequestRefused(f"{row.name} is required", code="field_required")
    return value
