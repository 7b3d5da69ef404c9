"""CSV and JSON Lines, read a line at a time, in any character set a person declares."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from tieline.domain.errors import ConfigRefused
from tieline.services.batch.sheet import MOST_COLUMNS, Reading, SheetRow, heading_of

LONGEST_LINE: Final = 1_048_576
"""Characters. A longer line is no row of anything we import."""

_DELIMITERS: Final = ",;\t"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


class _TextFile:
    """A text file and how far it was read, in bytes."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.size = path.stat().st_size
        self._raw = path.open("rb")
        self.close = self._raw.close
        with _closed_on_refusal(self.close):
            self._require_another_than_utf16(encoding)
            self.lines = _decoded(self._raw, encoding)

    def __iter__(self) -> Iterator[str]:
        """Yield lines with their ends. Raises: ConfigRefused: another character set, or a line without an end."""
        try:
            while line := self.lines.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise ConfigRefused("a line of the file is longer than a million characters", hint="Is this a text file?")
                yield line
        except UnicodeError as exc:
            raise ConfigRefused(
                "the file is written in another character set", hint="Say which, such as --encoding gb18030."
            ) from exc

    def _require_another_than_utf16(self, encoding: str) -> None:
        if self._raw.read(2) in _UTF16 and not encoding.lower().replace("-", "").startswith("utf16"):
            raise ConfigRefused("the file is UTF-16", hint="Say --encoding utf-16.")
        self._raw.seek(0)

    def position(self) -> tuple[int, int]:
        return min(self._raw.tell(), self.size), self.size


class CsvSheet:
    """Comma, semicolon or tab, whichever the headings are parted by."""

    formula_guards = True

    def __init__(self, path: Path, reading: Reading) -> None:
        self._file = _TextFile(path, reading.encoding)
        lines = iter(self._file)
        with _closed_on_refusal(self._file.close):
            first = next(lines, "")
            delimiter = max(_DELIMITERS, key=first.count)
            self._read = csv.reader(_with_first(first, lines), delimiter=delimiter, strict=True)
            self.headings: tuple[str, ...] | None = tuple(heading_of(cell) for cell in self._next() or ())
            if len(self.headings) > MOST_COLUMNS:
                raise ConfigRefused(f"the file has {len(self.headings)} columns; at most {MOST_COLUMNS} are read")

    def rows(self) -> Iterator[SheetRow]:
        """Yield every row that is not blank. Raises: ConfigRefused: a quotation mark is never closed."""
        headings = self.headings or ()
        number = self._read.line_num + 1
        while (cells := self._next()) is not None:
            if len(cells) == len(headings):
                yield SheetRow(number, dict(zip(headings, cells, strict=True)))
            elif cells:
                yield SheetRow(number, {}, "columns")
            number = self._read.line_num + 1

    def position(self) -> tuple[int, int]:
        """Return bytes read, and the file's size."""
        return self._file.position()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _next(self) -> Sequence[str] | None:
        begun_at = self._read.line_num + 1
        try:
            return next(self._read, None)
        except csv.Error as exc:
            where = f"row {begun_at}"
            raise ConfigRefused(
                "a quotation mark is not closed, or stands inside a cell", where=where, hint='Write it twice: "".'
            ) from exc


class JsonlSheet:
    """One JSON object a line; what is not said in one is not said."""

    formula_guards = False
    headings: tuple[str, ...] | None = None

    def __init__(self, path: Path, reading: Reading) -> None:
        self._file = _TextFile(path, reading.encoding)

    def rows(self) -> Iterator[SheetRow]:
        """Yield every line that is not blank. Raises: ConfigRefused: another character set, or a line without an end."""
        for number, line in enumerate(self._file, start=1):
            if line.strip():
                yield _object(number, line)

    def position(self) -> tuple[int, int]:
        """Return bytes read, and the file's size."""
        return self._file.position()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


@contextmanager
def _closed_on_refusal(close: Callable[[], None]) -> Iterator[None]:
    """Let go of a file that turns out not to be readable."""
    try:
        yield
    except ConfigRefused:
        close()
        raise


def _decoded(raw: BinaryIO, encoding: str) -> io.TextIOWrapper:
    try:
        return io.TextIOWrapper(raw, encoding=encoding, newline="")
    except LookupError as exc:
        raise ConfigRefused("there is no such encoding", hint="Try gb18030, big5 or utf-16.") from exc


def _object(number: int, line: str) -> SheetRow:
    try:
        found = orjson.loads(line)
    except ValueError:
        return SheetRow(number, {}, "not_an_object")
    if not isinstance(found, dict) or len(found) > MOST_COLUMNS:
        return SheetRow(number, {}, "not_an_object")
    return SheetRow(number, {heading_of(name): value for name, value in found.items()})


def _with_first(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest
