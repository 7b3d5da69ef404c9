"""Find the records in an answer that has been judged a success, and name the columns of those that come as rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tieline.connectors.contract import Record
from tieline.connectors.language.paths import Read, compile_path
from tieline.connectors.manifest.answers import Columns
from tieline.connectors.wire.messages import Answer
from tieline.domain.errors import VendorBadAnswer

NameRows = Callable[[Any, Mapping[str, Any]], Any]


def records_in(answer: Answer, read: Read, *, at_root: bool, name_rows: NameRows | None = None) -> tuple[Record, ...]:
    """Return the records at the declared path; nothing there means none, a lone object counts as one.

    Raises: VendorBadAnswer: the body could not be read, or what stands there is not made of objects (a login page, say).
    """
    if answer.unreadable:
        raise VendorBadAnswer(answer.unreadable)
    if not at_root and answer.body is not None and not isinstance(answer.body, dict | list):
        raise VendorBadAnswer("the body is text where objects were expected")
    roots = answer.roots()
    found: Any = read(roots)
    if found is None or found in ("", False):
        return ()
    if name_rows is not None:
        found = name_rows(found, roots)
    if isinstance(found, dict):
        return (found,) if found else ()
    if isinstance(found, list):
        if all(isinstance(record, dict) for record in found):
            return tuple(found)
        raise VendorBadAnswer("the list of records holds something that is not an object")
    raise VendorBadAnswer("there is text where the records should be")


def compile_columns(columns: Columns | None) -> NameRows | None:
    """Return what turns rows into records by the names of their columns; None: they come as records."""
    if columns is None:
        return None
    read_names = compile_path(columns.from_) if columns.from_ else None

    def name_rows(found: object, roots: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows = _rows(found, columns.separator)
        names = columns.names or (read_names(roots) if read_names else rows.pop(0) if rows else ())
        if not isinstance(names, list | tuple):
            raise VendorBadAnswer("the names of the columns are not a list")
        return [dict(zip(map(str, names), row, strict=False)) for row in rows]

    return name_rows


def _rows(found: object, separator: str | None) -> list[Sequence[Any]]:
    if separator and isinstance(found, str):
        return [[cell.strip() for cell in line.split(separator)] for line in found.splitlines() if line.strip()]
    if isinstance(found, list) and all(isinstance(row, list) for row in found):
        return list(found)
    raise VendorBadAnswer("there are no rows where the records should be")
