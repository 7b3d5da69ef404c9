"""A connector's mapping.yaml, with a company's own rows on top of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tieline.domain.errors import MappingInvalid
from tieline.kit.yaml_lines import YamlRefused, load_with_lines
from tieline.mapping.compile import compile_rows
from tieline.mapping.record import RecordMapping
from tieline.mapping.source import RowSource

_NO_ROWS: Final[Mapping[str, Any]] = {}
_OVERRIDES: Final = RowSource("mapping overrides")


def load_book(
    path: Path,
    overrides: Mapping[str, object] | None = None,
    *,
    overrides_from: RowSource = _OVERRIDES,
    config: Mapping[str, object] = _NO_ROWS,
) -> dict[str, RecordMapping]:
    """Load `kind: {rows: {field: row}}` and lay `overrides`, of the same shape, over it: kind → mapping.

    An override replaces the row of its name, adds a new one, or removes it with null. `overrides_from` tells complaints where
    the overrides were written, its `at` leading to the block of kinds. `config` is what the connection's form says.
    Raises: MappingInvalid: with file, line and row.
    """
    file = f"{path.parent.name}/{path.name}"
    try:
        tree, lines = load_with_lines(path)
    except OSError as exc:
        raise MappingInvalid("the file cannot be read", where=file) from exc
    except YamlRefused as exc:
        raise MappingInvalid(exc.problem, where=f"{file}, line {exc.line}") from exc
    source = RowSource(file, lines, config=config)
    overrides_from = replace(overrides_from, config=config)
    return compile_book(_kinds(tree, source), overrides, source=source, overrides_from=overrides_from)


def compile_book(
    kinds: Mapping[str, object],
    overrides: Mapping[str, object] | None = None,
    *,
    source: RowSource,
    overrides_from: RowSource = _OVERRIDES,
) -> dict[str, RecordMapping]:
    """Compile a book that is already in memory; see `load_book`."""
    own = _kinds(overrides, overrides_from)
    book = {}
    for kind in dict.fromkeys((*kinds, *own)):
        rows = _rows(kinds, kind, source)
        laid_over = _rows(own, kind, overrides_from)
        at = replace(overrides_from, at=(*overrides_from.at, kind, "rows"))
        _refuse_idle_removals(rows, laid_over, kind, at)
        merged = {name: row for name, row in {**rows, **laid_over}.items() if row is not None}
        placed = replace(source, at=(*source.at, kind, "rows"), overridden=dict.fromkeys(laid_over, at))
        book[kind] = compile_rows(merged, kind=kind, source=placed)
    return book


def _kinds(tree: object, source: RowSource) -> Mapping[str, object]:
    if tree is None:
        return _NO_ROWS
    if not isinstance(tree, Mapping):
        raise source.refuse("a mapping is written kind: {rows: {field: row}}", "*")
    return tree


def _rows(kinds: Mapping[str, object], kind: str, source: RowSource) -> Mapping[str, Any]:
    block = kinds.get(kind, {"rows": _NO_ROWS})
    if not isinstance(block, Mapping) or block.keys() != {"rows"} or not isinstance(block["rows"], Mapping):
        raise replace(source, at=(*source.at, kind)).refuse("a kind holds `rows`, and nothing else", kind)
    rows: Mapping[str, Any] = block["rows"]
    return rows


def _refuse_idle_removals(rows: Mapping[str, Any], laid_over: Mapping[str, Any], kind: str, at: RowSource) -> None:
    for name, row in laid_over.items():
        if row is None and name not in rows:
            raise at.refuse("null removes a row, and there is none of this name", kind, name, code="mapping_conflict")
