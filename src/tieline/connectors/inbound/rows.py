"""Find what arrived in the rows of the manifest: each entry goes to the first row that speaks of it, once per item."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tieline.connectors.inbound.request import Reading
from tieline.connectors.language.paths import Read

Roots = Mapping[str, Any]
Drawing = tuple[dict[str, Any], str]
"""An event's fields, and what is wrong with them (empty: nothing)."""
MOST_ENTRIES: Final = 1000
MOST_ITEMS: Final = 100
MOST_FAULTS: Final = 20
UNKNOWN: Final = "no row of the manifest speaks of this event"


class Row(NamedTuple):
    """One row, compiled. `draw` None: known, and nothing is wanted of it."""

    holds: Callable[[Roots], bool]
    each: Read | None
    draw: Callable[[Roots], Drawing] | None


class RowReader:
    """All rows of one intake."""

    def __init__(self, rows: Sequence[Row], split: Read | None) -> None:
        self._rows = rows
        self._split = split

    def read(self, roots: Roots) -> Reading:
        """Return every event; one bad entry does not spoil the others."""
        events: list[dict[str, Any]] = []
        faults: list[str] = []
        skipped = 0
        for place, entry in self._entries(roots, faults):
            row = next((row for row in self._rows if row.holds(entry)), None)
            if row is None:
                faults.append(place + UNKNOWN)
                continue
            if row.draw is None:
                skipped += 1
                continue
            drawn = [row.draw(item) for item in _items(row, entry, faults)]
            events += [fields for fields, fault in drawn if not fault]
            faults += [place + fault for _, fault in drawn if fault]
        return Reading(tuple(events), _told(faults), skipped)

    def _entries(self, roots: Roots, faults: list[str]) -> Iterator[tuple[str, Roots]]:
        """Yield the roots once for every entry of a batch, with its place; a lone value counts as one."""
        if self._split is None:
            yield "", roots
            return
        found = self._split(roots)
        entries = found if isinstance(found, list) else [] if found is None else [found]
        if not entries:
            faults.append("there is nothing where the entries should be")
        if len(entries) > MOST_ENTRIES:
            faults.append(f"only the first {MOST_ENTRIES} of {len(entries)} entries were read")
        for number, entry in enumerate(entries[:MOST_ENTRIES], start=1):
            yield f"entry {number}: " if len(entries) > 1 else "", {**roots, "entry": entry}


def _items(row: Row, roots: Roots, faults: list[str]) -> Iterator[Roots]:
    """Yield the roots once for every item; a lone value counts as one, none at all as one without an item."""
    found = row.each(roots) if row.each else None
    items = found if isinstance(found, list) and found else [found]
    if len(items) > MOST_ITEMS:
        faults.append(f"only the first {MOST_ITEMS} of {len(items)} items were read")
    for item in items[:MOST_ITEMS]:
        yield {**roots, "item": item}


def _told(faults: Sequence[str]) -> tuple[str, ...]:
    """A batch that is nonsense throughout is told in a few words."""
    left = len(faults) - MOST_FAULTS
    return (*faults[:MOST_FAULTS], f"and {left} more") if left > 0 else tuple(faults)
