"""Which format a file has, by the end of its name."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tieline.domain.errors import ConfigRefused
from tieline.services.batch.read_text import CsvSheet, JsonlSheet
from tieline.services.batch.read_xlsx import XlsxSheet
from tieline.services.batch.sheet import Reading, Sheet
from tieline.services.batch.write import CsvWriter, JsonlWriter, Writer, XlsxWriter

_READERS: Final[Mapping[str, Callable[[Path, Reading], Sheet]]] = {".csv": CsvSheet, ".jsonl": JsonlSheet, ".xlsx": XlsxSheet}
_WRITERS: Final[Mapping[str, Callable[[Path, Sequence[str]], Writer]]] = {
    ".csv": CsvWriter,
    ".jsonl": JsonlWriter,
    ".xlsx": XlsxWriter,
}


def open_sheet(path: Path, reading: Reading) -> Sheet:
    """Open a file to read. Raises: ConfigRefused: no format of ours, or not what its name says."""
    return _READERS[format_of(path)](path, reading)


def open_writer(path: Path, target: Path, columns: Sequence[str]) -> Writer:
    """Open `path` to write, in the format `target` is named for. Raises: ConfigRefused: no format of ours."""
    return _WRITERS[format_of(target)](path, columns)


def format_of(path: Path) -> str:
    """Return `.csv`, `.jsonl` or `.xlsx`. Raises: ConfigRefused: it is none of them."""
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise ConfigRefused("the name of the file must end in .csv, .jsonl or .xlsx")
    return suffix
