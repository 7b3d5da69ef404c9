"""The rows of a file in slices: what is read together and committed together."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tieline.services.batch.phone_rows import PhoneRows, Reject, merged
from tieline.services.batch.sheet import Sheet
from tieline.store.identity_import import PLACE_FIELDS, StagedKey

SLICE_ROWS: Final = 5_000
"""Rows of one commit: some hundred milliseconds of locks, on just these entries."""


@dataclass(slots=True)
class Slice:
    """Rows read together: the entries they state, by place, and those left out. `position`: how far the file is read."""

    keys: dict[tuple[object, ...], StagedKey] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    read: int = 0
    taken: int = 0
    position: tuple[int, int] = (0, 0)


def slices(sheet: Sheet, rows: PhoneRows, *, skip: int = 0, size: int = SLICE_ROWS) -> Iterator[Slice]:
    """Yield the rows of a file in slices, without the first `skip`; the last one may be empty."""
    current = Slice()
    for count, row in enumerate(sheet.rows()):
        if count < skip:
            continue
        _add(current, rows.read(row))
        if current.read >= size:
            current.position = sheet.position()
            yield current
            current = Slice()
    current.position = sheet.position()
    yield current


def _add(current: Slice, found: tuple[StagedKey, ...] | Reject) -> None:
    current.read += 1
    if isinstance(found, Reject):
        current.rejects.append(found)
        return
    current.taken += 1
    for key in found:
        place = key[:PLACE_FIELDS]
        known = current.keys.get(place)
        current.keys[place] = key if known is None else merged(known, key)
