"""From a row of a file to the entries of the identity index it states, its numbers read as those of a ring are."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from tieline.domain.errors import ConfigRefused
from tieline.domain.line import Line
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_internal import InternalNumbers
from tieline.domain.phone_written import numbers_written_in
from tieline.services.batch.cells import CellRefused, Kind, instant, key_text, tags, text, unguarded, word_of, yes_or_no
from tieline.services.batch.sheet import Sheet, SheetRow, heading_of
from tieline.store.identity import SUFFIX_DIGITS
from tieline.store.identity_import import StagedKey

FIELDS: Final[Mapping[str, Kind]] = {
    "phone": text,
    "extension": key_text,
    "connection": key_text,
    "external_kind": key_text,
    "external_id": key_text,
    "name": text,
    "label": text,
    "direct": yes_or_no,
    "party_kind": word_of("person", "organization"),
    "company": text,
    "tier": word_of("high_value", "regular", "potential", "churn_risk"),
    "tags": tags,
    "verified": yes_or_no,
    "seen_at": instant,
}
"""The columns of a phone file, by our names, and what may stand in each."""

_MANGLED: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+|\d{7,}\.0+")
"""A number after a spreadsheet read it as one and wrote it again: `1.38E+10`, `13800138000.0`."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is left out: where, which of our columns, and why (a key of `sheet.FAULTS`)."""

    row: int
    column: str
    fault: str


@dataclass(frozen=True, slots=True)
class PhoneRules:
    """What a phone file is read by. Where the file does not say: `connection`, whose customers; `as_of`, when it was true."""

    line: Line
    internal: InternalNumbers
    connections: Collection[str]
    connection: str | None
    as_of: datetime


class PhoneRows:
    """Reads the rows of one file. Raises, when made: ConfigRefused: a heading that must be there is not, or is there twice."""

    def __init__(self, sheet: Sheet, columns: Mapping[str, str], rules: PhoneRules) -> None:
        unknown = columns.keys() - FIELDS.keys()
        if unknown:
            raise ConfigRefused("--column names a field there is not", hint=f"There are {', '.join(FIELDS)}.")
        self._rules = rules
        self._guarded = sheet.formula_guards
        self._headings = {name: heading_of(columns.get(name, name)) for name in FIELDS}
        if sheet.headings is not None:
            self._require(sheet.headings)

    def read(self, row: SheetRow) -> tuple[StagedKey, ...] | Reject:
        """Return what a row states, or why it cannot be used."""
        if row.fault is not None:
            return Reject(row.number, "", row.fault)
        cells = unguarded(row.cells) if self._guarded else row.cells
        column = ""
        try:
            found: dict[str, Any] = {}
            for column, kind in FIELDS.items():
                cell = cells.get(self._headings[column])
                found[column] = None if cell is None or cell == "" else kind(cell)
            column = "connection"
            self._settle_connection(found)
            column = "external_id"
            _require(found, "external_id")
            column = "phone"
            return tuple(self._key(phone, found) for phone in self._numbers(found))
        except CellRefused as exc:
            return Reject(row.number, column, exc.fault)

    def _numbers(self, found: Mapping[str, Any]) -> tuple[PhoneNumber, ...]:
        _require(found, "phone")
        if _MANGLED.fullmatch(found["phone"].strip()):
            raise CellRefused("kept_as_number")
        numbers = [phone for phone in numbers_written_in(found["phone"], line=self._rules.line) if phone.key]
        if not numbers:
            raise CellRefused("phone_invalid")
        if any(self._rules.internal.hold(phone) for phone in numbers):
            raise CellRefused("phone_internal")
        return tuple({(phone.key, phone.extension): phone for phone in numbers}.values())

    def _settle_connection(self, found: dict[str, Any]) -> None:
        found["connection"] = found["connection"] or self._rules.connection
        _require(found, "connection")
        if found["connection"] not in self._rules.connections:
            raise CellRefused("unknown_connection")

    def _key(self, phone: PhoneNumber, found: Mapping[str, Any]) -> StagedKey:
        e164 = phone.key or ""
        return StagedKey(
            e164=e164,
            extension=phone.extension or found["extension"] or "",
            connection=found["connection"],
            external_kind=found["external_kind"] or "customer",
            external_id=found["external_id"],
            last8=e164.lstrip("+")[-SUFFIX_DIGITS:],
            seen_at=found["seen_at"] or self._rules.as_of,
            label=found["label"],
            direct=found["direct"],
            display_name=found["name"],
            party_kind=found["party_kind"],
            company=found["company"],
            tier=found["tier"],
            tags=found["tags"],
            verified=found["verified"],
        )

    def _require(self, headings: tuple[str, ...]) -> None:
        needed = ["phone", "external_id", *([] if self._rules.connection else ["connection"])]
        for name in FIELDS:
            count = headings.count(self._headings[name])
            if count > 1:
                raise ConfigRefused(f"two columns of the file are headed as {name} is")
            if count == 0 and name in needed:
                raise ConfigRefused(
                    f"the file has no column {name}", hint=f"Say under which heading it stands: --column {name}=HEADING."
                )


def _require(found: Mapping[str, Any], name: str) -> None:
    if found[name] is None:
        raise CellRefused("missing")


def merged(earlier: StagedKey, later: StagedKey) -> StagedKey:
    """Return what two rows of one file say together about one entry: the one seen later counts, and of equals the later row."""
    first, last = sorted((earlier, later), key=attrgetter("seen_at"))
    told = (value if value is not None else kept for kept, value in zip(first, last, strict=True))
    return StagedKey._make(told)._replace(verified=first.verified or last.verified)
