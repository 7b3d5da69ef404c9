"""Files a ticket speaks of, as they are told to systems that take comments and no files: a line each, below the words."""

from collections.abc import Iterable
from typing import Protocol

_UNITS = ((1024 * 1024, "MB"), (1024, "KB"))


class NamedFile(Protocol):
    """What is known of a file; the file itself stays where it is."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def size_bytes(self) -> int:
        """Return its size; 0 if it is not known."""

    @property
    def url(self) -> str | None:
        """Return where it can be fetched."""


def with_files(text: str, files: Iterable[NamedFile]) -> str:
    """Return what is said with a line for each file: `photo.jpg (47 KB) https://…`."""
    return "\n".join([text, *(_line(file) for file in files)])


def _line(file: NamedFile) -> str:
    size = f" ({_size(file.size_bytes)})" if file.size_bytes else ""
    return f"📎 {file.name}{size}{f' {file.url}' if file.url else ''}"


def _size(size_bytes: int) -> str:
    unit = next(((size, word) for size, word in _UNITS if size_bytes >= size), None)
    return f"{size_bytes // unit[0]} {unit[1]}" if unit else f"{size_bytes} B"
