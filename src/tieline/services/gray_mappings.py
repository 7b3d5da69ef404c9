"""A company's own mapping rows and their gray release: as written in the apply file, as kept, and as the mappings to serve with.

Rows with `gray` beside them are for a share of the agents. The rows that held until then are kept with them, for everybody else
and as the way back; without `gray` the rows are everybody's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tieline.domain.gray_release import GrayRelease
from tieline.mapping.book import load_book
from tieline.mapping.record import RecordMapping

Rows = Mapping[str, Any]
Kept = Mapping[str, Any]
"""One record kind as it is stored: `rows`, and in a gray release `gray` and the rows `before`."""

_closed = ConfigDict(frozen=True, extra="forbid")


class Gray(BaseModel):
    """The share of the agents, in percent. `release` draws the lot: under another name other agents come first."""

    model_config = _closed

    percent: Annotated[int, Field(ge=0, le=100)]
    release: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,60}$")] | None = None


class MappingEntry(BaseModel):
    """One record kind as written: rows laid over the connector's own; null takes a row away."""

    model_config = _closed

    rows: dict[str, Any]
    gray: Gray | None = None

    def kept(self, present: Kept | None) -> Kept:
        """Return what is stored, given what is stored now. The same entry once more changes nothing."""
        if self.gray is None:
            return {"rows": self.rows}
        return {"rows": self.rows, "gray": self.gray.model_dump(exclude_none=True), "before": _standing(present)}


@dataclass(frozen=True, slots=True)
class GrayMapping:
    """A mapping for the agents of a release alone."""

    release: GrayRelease
    mapping: RecordMapping


@dataclass(frozen=True, slots=True)
class Books:
    """The mappings of one connection, by record kind."""

    standing: Mapping[str, RecordMapping]
    gray: Mapping[str, GrayMapping]

    def without_writing(self, fields: frozenset[str]) -> "Books":
        """Return the same mappings that never write some canonical fields."""
        if not fields:
            return self
        standing = {kind: mapping.without_writing(fields) for kind, mapping in self.standing.items()}
        gray = {kind: replace(one, mapping=one.mapping.without_writing(fields)) for kind, one in self.gray.items()}
        return Books(standing, gray)


def open_books(file: Path, kinds: Mapping[str, Kept], *, connection: str, config: Mapping[str, Any]) -> Books:
    """Compile a connector's own mapping (a connector need have none) with the rows kept for a connection and its settings.

    Raises: MappingInvalid: with file, line and row.
    """
    if not file.exists():
        return Books({}, {})
    released = {kind: Gray.model_validate(kept["gray"]) for kind, kept in kinds.items() if "gray" in kept}
    standing = load_book(file, {kind: {"rows": _standing(kept)} for kind, kept in kinds.items()}, config=config)
    newest = load_book(file, {kind: {"rows": kept["rows"]} for kind, kept in kinds.items()}, config=config) if released else {}
    return Books(
        standing,
        {
            kind: GrayMapping(GrayRelease(gray.release or f"{connection}.{kind}", gray.percent), newest[kind])
            for kind, gray in released.items()
        },
    )


def _standing(kept: Kept | None) -> Rows:
    """Return the rows of whoever is in no release."""
    rows: Rows = {} if kept is None else kept["before"] if "gray" in kept else kept["rows"]
    return rows
