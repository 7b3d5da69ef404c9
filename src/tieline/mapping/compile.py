"""From rows as written to a mapping that runs: everything that can be wrong with a row is found here, with its place."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tieline.kit.spelling import meant
from tieline.mapping.codecs.codec import Codec, Shape
from tieline.mapping.codecs.settled import settled
from tieline.mapping.codecs.table import build_codec
from tieline.mapping.fields import ID_FIELD, KINDS, CanonicalField, FieldKind
from tieline.mapping.landing import LANDS
from tieline.mapping.paths import Path, Step, clash, compile_path, writable
from tieline.mapping.record import RecordMapping
from tieline.mapping.refusals import CodecRefused, ExpressionRefused, WordsRefused
from tieline.mapping.row import CompiledRow
from tieline.mapping.source import RowSource
from tieline.mapping.spec import Row
from tieline.mapping.words import Words, compile_words

# Every system has an id for what it sends; a mapping that does not say where is taken to mean the obvious place.
_USUAL_ID: Final[Mapping[str, object]] = {"from": "id", "required": True}


def compile_rows(rows: Mapping[str, object], *, kind: str, source: RowSource) -> RecordMapping:
    """Compile the rows of one kind (`customer`, `order`, `ticket`, `account`, `comment`, `call`).

    The row `id` holds the vendor's id and is always required; without one the id is read from the path `id`.
    Raises: MappingInvalid: with file, line and row. Its code is `mapping_invalid` (shape of the row), `codec_invalid`,
    `expr_invalid`, `expr_limit`, or `mapping_conflict` (no such field, two rows to one place, words that contradict).
    """
    fields = KINDS.get(kind)
    if fields is None:
        raise source.refuse(f"there is no such kind; there are {', '.join(KINDS)}", kind, code="mapping_conflict")
    compiled = [
        _RowCompiler(name, kind, source).compile(definition, fields) for name, definition in {ID_FIELD: _USUAL_ID, **rows}.items()
    ]
    _check_targets(compiled, kind, source)
    return RecordMapping(kind, compiled)


class _RowCompiler:
    """Compiles one row, and knows its place for whatever is wrong with it."""

    def __init__(self, name: str, kind: str, source: RowSource) -> None:
        self._name = name
        self._kind = kind
        self._source = source

    def compile(self, definition: object, fields: Mapping[str, CanonicalField]) -> CompiledRow:
        canonical = fields.get(self._name)
        if canonical is None:
            known = f"; it has {', '.join(sorted(fields))}"
            problem = f"{self._kind} has no such field{meant(self._name, fields) or known}"
            raise self._source.refuse(problem, self._kind, self._name, code="mapping_conflict")
        row = self._row(definition)
        target = None if row.writes_to is None else self._path(row.writes_to, *self._target_key(row))
        return CompiledRow(
            row=row,
            canonical=canonical,
            paths=tuple(self._path(text, *self._from_key(row, index)) for index, text in enumerate(row.reads_from)),
            target=target,
            codec=self._codec(row, canonical, target),
            words=self._words(row, canonical),
            default=self._default(row, canonical),
            where=self._source.where(self._kind, self._name),
        )

    def _row(self, definition: object) -> Row:
        if not isinstance(definition, Mapping):
            raise self._source.refuse("a row is written {field: …}, {from: …} or {to: …}", self._kind, self._name)
        if "name" in definition:
            raise self._source.refuse("a row is named by its key alone", self._kind, self._name, "name")
        required = {"required": True} if self._name == ID_FIELD else {}
        try:
            return Row.model_validate({**definition, **required, "name": self._name})
        except ValidationError as exc:
            raise self._malformed(exc.errors(include_url=False, include_input=False)[0]) from exc

    def _malformed(self, error: ErrorDetails) -> Exception:
        keys = tuple(key for key in error["loc"] if isinstance(key, str) or key)
        said = error["msg"].removeprefix("Value error, ")
        return self._source.refuse(f"{'.'.join(map(str, keys))}: {said}" if keys else said, self._kind, self._name, *keys)

    def _path(self, text: str, *keys: str | int) -> Path:
        try:
            return compile_path(text)
        except ExpressionRefused as exc:
            raise self._source.refuse(f"the path is {exc}", self._kind, self._name, *keys, code=exc.code) from exc

    def _codec(self, row: Row, canonical: CanonicalField, target: Path | None) -> Codec | None:
        if not row.as_:
            if canonical.kind is FieldKind.MONEY and (row.reads_from or target):
                raise self._bad_codec("money needs its currency: as: money(CNY), or money(path of the currency)")
            return None
        try:
            codec = build_codec(settled(row.as_, self._source.config))
        except CodecRefused as exc:
            raise self._bad_codec(str(exc)) from exc
        self._check_codec(row, canonical, codec)
        return codec

    def _check_codec(self, row: Row, canonical: CanonicalField, codec: Codec) -> None:
        lands = LANDS[FieldKind.WORD] | ({Shape.LIST} & LANDS[canonical.kind]) if row.values else LANDS[canonical.kind]
        if codec.gives not in lands:
            raise self._bad_codec(f"the codec gives {codec.gives}, and the field holds {canonical.kind}")
        if row.writes_to is not None and codec.write is None:
            raise self._bad_codec("the codec only reads, and the row writes")

    def _bad_codec(self, problem: str) -> Exception:
        return self._source.refuse(problem, self._kind, self._name, "as", code="codec_invalid")

    def _words(self, row: Row, canonical: CanonicalField) -> Words | None:
        try:
            return compile_words(row, canonical)
        except WordsRefused as exc:
            keys = ("values", exc.key) if exc.key else ("values",)
            raise self._source.refuse(str(exc), self._kind, self._name, *keys, code="mapping_conflict") from exc

    def _default(self, row: Row, canonical: CanonicalField) -> object:
        if row.default is None:
            return None
        try:
            return canonical.adapter.validate_python(row.default)
        except ValidationError as exc:
            problem = f"the default is not a value of this field, which holds {canonical.kind}"
            raise self._source.refuse(problem, self._kind, self._name, "default") from exc

    @staticmethod
    def _target_key(row: Row) -> tuple[str]:
        return ("field",) if row.field is not None else ("to",)

    @staticmethod
    def _from_key(row: Row, index: int) -> tuple[str | int, ...]:
        return ("field",) if row.field is not None else ("from", index)


def _check_targets(rows: list[CompiledRow], kind: str, source: RowSource) -> None:
    """Refuse targets that cannot be built, and two rows whose targets would overwrite or tear one another."""
    taken: list[tuple[CompiledRow, tuple[Step, ...]]] = []
    for row in rows:
        if row.target is None:
            continue
        key = "to" if row.row.field is None else "field"
        if row.target.steps is None or not writable(row.target.steps):
            problem = "only a dotted path can be written to, with [0] or [key=word] for a list"
            raise source.refuse(problem, kind, row.name, key, code="expr_invalid")
        if row.row.write == "append" and row.canonical.kind not in {FieldKind.TEXT, FieldKind.TEXTS}:
            raise source.refuse("only text can be appended to", kind, row.name, "write")
        for steps in (row.target.steps, *_beside(row)):
            clashing = next(
                (other.name for other, place in taken if clash(place, steps) and not _shared(row, other, steps)), None
            )
            if clashing:
                raise source.refuse(f"the row {clashing} writes to the same place", kind, row.name, key, code="mapping_conflict")
            taken.append((row, steps))


def _beside(row: CompiledRow) -> tuple[tuple[Step, ...], ...]:
    """Return the second place a row writes to, if it has one: the currency beside an amount."""
    return (row.codec.beside.steps,) if row.codec and row.codec.beside and row.codec.beside.steps else ()


def _shared(row: CompiledRow, other: CompiledRow, steps: tuple[Step, ...]) -> bool:
    """Say whether `steps` lead to one currency for the amounts of both rows; writing checks that they agree."""
    return _beside(row) == _beside(other) == (steps,)
