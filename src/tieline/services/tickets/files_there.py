"""What another system says of a comment's files, as we keep it: a plain name, a safe address, no more than twenty."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tieline.services.tickets.commenting import FileWord

MOST: Final = 20
LONGEST_NAME: Final = 200
LONGEST_URL: Final = 2000
UNKNOWN: Final = "application/octet-stream"


def files_of(said: Mapping[str, Any]) -> Sequence[FileWord]:
    """Return the files of a comment in our words; a list of another length than the names' tells of nothing for sure."""
    names: Sequence[str] = (said.get("file_names") or ())[:MOST]
    urls, types, sizes = (_beside(names, said.get(name)) for name in ("file_urls", "file_types", "file_sizes"))
    return [
        FileWord(
            name=_plain(name) or "file",
            media_type=media_type or UNKNOWN,
            size_bytes=int(size) if size.isascii() and size.isdigit() else 0,
            url=url if url.startswith("https://") and len(url) <= LONGEST_URL else None,
        )
        for name, url, media_type, size in zip(names, urls, types, sizes, strict=True)
    ]


def _beside(names: Sequence[str], values: Sequence[str] | None) -> Sequence[str]:
    cut = (values or ())[:MOST]
    return cut if len(cut) == len(names) else [""] * len(names)


def _plain(name: str) -> str:
    return "".join(character for character in name if character.isprintable() and character not in "/\\")[:LONGEST_NAME]
