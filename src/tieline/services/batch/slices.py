"""The rows of a file in slices: what is read together and committed together.

Reading numbers costs far more than anything else of an import, so a large file is read by processes of their own, some slices
ahead of the one that is being written. The slices and their order are the same.
"""

import itertools
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from tieline.domain.errors import ConfigRefused
from tieline.services.batch.phone_rows import PhoneRows, Reject, merged
from tieline.services.batch.sheet import Sheet, SheetRow
from tieline.store.identity_import import PLACE_FIELDS, StagedKey

SLICE_ROWS: Final = 5_000
"""Rows of one commit: some hundred milliseconds of locks, on just these entries."""

Lot = tuple[list[SheetRow], tuple[int, int]]
"""Rows as they stand in the file, and how far it was read by then."""

WORTH_PROCESSES_BYTES: Final = 4_194_304
"""From this size of a file on; below, it is read before a process has begun."""
MOST_PROCESSES: Final = 4


@dataclass(slots=True)
class Slice:
    """Rows read together: the entries they state, by place, and those left out. `position`: how far the file is read."""

    keys: dict[tuple[object, ...], StagedKey] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    read: int = 0
    taken: int = 0
    position: tuple[int, int] = (0, 0)


def slices(sheet: Sheet, rows: PhoneRows, *, skip: int = 0, size: int = SLICE_ROWS) -> Generator[Slice]:
    """Yield the rows of a file in slices, without the first `skip`; the last one may be empty."""
    for lot, position in _lots(sheet, skip, size):
        yield _slice(rows, lot, position)


def slices_ahead(sheet: Sheet, rows: PhoneRows, *, processes: int, skip: int = 0, size: int = SLICE_ROWS) -> Generator[Slice]:
    """Yield the same as `slices`, read by so many processes, which end with the last slice or when nobody asks any more."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(rows,)) as pool:
        under_way: deque[Future[Slice]] = deque()
        broken: ConfigRefused | None = None
        try:
            lots = _lots(sheet, skip, size)
            while broken is None and (lot := _next(lots)) is not None:
                if isinstance(lot, ConfigRefused):
                    broken = lot
                else:
                    under_way.append(pool.submit(_read, *lot))
                if len(under_way) > processes:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
    if broken is not None:
        raise broken


def processes_for(sheet: Sheet) -> int:
    """Return how many processes should read a file; 0: this one. One core is left to the database and to writing."""
    if sheet.position()[1] < WORTH_PROCESSES_BYTES:
        return 0
    return min(MOST_PROCESSES, max(1, (os.cpu_count() or 1) - 1))


def _lots(sheet: Sheet, skip: int, size: int) -> Iterator[Lot]:
    """Yield the rows by lots, the last one not full and maybe empty, and how far the file was read by then."""
    rows = itertools.islice(sheet.rows(), skip, None)
    while True:
        lot = list(itertools.islice(rows, size))
        yield lot, sheet.position()
        if len(lot) < size:
            return


def _next(lots: Iterator[Lot]) -> Lot | ConfigRefused | None:
    """Return the next lot, or why the file cannot be read on: what was read before that is still to be written."""
    try:
        return next(lots, None)
    except ConfigRefused as exc:
        return exc


def _slice(rows: PhoneRows, lot: Iterable[SheetRow], position: tuple[int, int]) -> Slice:
    current = Slice(position=position)
    for row in lot:
        _add(current, rows.read(row))
    return current


_mine: PhoneRows | None = None


def _begin(rows: PhoneRows) -> None:
    """Begin a process that reads. Whoever presses Ctrl-C means the one that writes, which ends the others."""
    global _mine  # noqa: PLW0603 - a pool hands its workers nothing else
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _mine = rows


def _read(lot: list[SheetRow], position: tuple[int, int]) -> Slice:
    if _mine is None:
        message = "the process was not begun"
        raise RuntimeError(message)
    return _slice(_mine, lot, position)


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
