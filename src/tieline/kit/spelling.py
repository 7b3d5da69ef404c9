"""What somebody probably meant: the known word closest to one that is not known."""

import difflib
from collections.abc import Iterable


def meant(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` with the closest of the known words, or nothing when none is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
