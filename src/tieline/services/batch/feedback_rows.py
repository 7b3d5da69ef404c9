"""From a row of a file to one piece of feedback, checked as what is told by hand is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, get_args
from uuid import UUID

from tieline.domain.errors import ConfigRefused, RequestRefused
from tieline.domain.feedback import Feedback, FeedbackKind, checked_score
from tieline.domain.line import Line
from tieline.domain.phone_normalise import normalise
from tieline.kit.ids import time_ordered_id
from tieline.services.batch.cells import CellRefused, Kind, instant, key_text, tags, text, unguarded, word_of
from tieline.services.batch.phone_rows import Reject
from tieline.services.batch.sheet import Sheet, SheetRow, heading_of

LONGEST_WORDS: Final = 20_000


def _words(cell: object) -> str | None:
    return text(cell, longest=LONGEST_WORDS)


def _score(cell: object) -> int | None:
    """Read a whole number, as a spreadsheet or a text writes it."""
    written = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell) if isinstance(cell, int) else cell
    found = text(written)
    if found is None:
        return None
    if not (found.isascii() and found.isdecimal() and len(found) <= 2):  # noqa: PLR2004 - no scale has scores of three digits
        raise CellRefused("score_range")
    return int(found)


FIELDS: Final[Mapping[str, Kind]] = {
    "id": key_text,
    "kind": word_of(*get_args(FeedbackKind)),
    "score": _score,
    "text": _words,
    "at": instant,
    "channel": key_text,
    "customer": key_text,
    "phone": text,
    "agent": key_text,
    "tags": tags,
    "causes": tags,
}
"""The columns of a file of feedback, by our names, and what may stand in each."""
NEEDED: Final = ("id", "kind", "at")


def _needed(column: str, value: object) -> object:
    if value is None and column in NEEDED:
        raise CellRefused("missing")
    return value


class FeedbackRows:
    """Reads the rows of one file. Raises, when made: ConfigRefused: a heading that must be there is not, or is there twice."""

    def __init__(self, sheet: Sheet, columns: Mapping[str, str], *, origin: str, line: Line, now: datetime) -> None:
        if columns.keys() - FIELDS.keys():
            raise ConfigRefused("--column names a field there is not", hint=f"There are {', '.join(FIELDS)}.")
        self._origin, self._line, self._now = origin, line, now
        self._guarded = sheet.formula_guards
        self._headings = {name: heading_of(columns.get(name, name)) for name in FIELDS}
        for name in NEEDED if sheet.headings is not None else ():
            if (sheet.headings or ()).count(self._headings[name]) != 1:
                hint = f"Say under which heading it stands: --column {name}=HEADING."
                raise ConfigRefused(f"the file has no column {name}, or two", hint=hint)

    def read(self, row: SheetRow) -> Feedback | Reject:
        """Return what a row says, or why it cannot be used."""
        if row.fault is not None:
            return Reject(row.number, "", row.fault)
        cells = unguarded(row.cells) if self._guarded else row.cells
        column = ""
        try:
            found: dict[str, Any] = {}
            for column, kind in FIELDS.items():
                found[column] = _needed(column, kind(cells.get(self._headings[column])))
            column = "score"
            checked_score(found["kind"], found["score"])
            column = "phone"
            return self._feedback(found)
        except CellRefused as exc:
            return Reject(row.number, column, exc.fault)
        except RequestRefused as exc:
            return Reject(row.number, column, "phone_invalid" if column == "phone" else exc.code)

    def _feedback(self, found: dict[str, Any]) -> Feedback:
        """Return it as ours. Raises: RequestRefused: the number is none."""
        number = normalise(found["phone"], line=self._line).e164 if found["phone"] else None
        return Feedback(
            id=UUID(time_ordered_id(self._now)),
            kind=found["kind"],
            score=found["score"],
            text=found["text"],
            channel=found["channel"] or "import",
            customer_ref=f"{self._origin}:{found['customer']}" if found["customer"] else None,
            phone=number,
            agent=found["agent"],
            tags=tuple(found["tags"] or ()),
            causes=tuple(found["causes"] or ()),
            at=found["at"],
            received_at=self._now,
            received_by="import",
            origin=self._origin,
            external_id=found["id"],
        )
