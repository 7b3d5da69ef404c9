"""What a JSON body says that is not believed, though it can be read: a key twice, which parsers settle differently, or a NUL.

Only keys that the manifest reads matter; what a sender repeats beside them is its own affair (behaviour B08, B16).
"""

import json
import re
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r"[\w-]+")
_NUL: Final = rb"\u0000"
TWICE: Final = "a key that is used stands there twice"
NO_TEXT: Final = "a text holds a character no database keeps"


class _Twice(Exception):
    """A used key is repeated in one object."""


class Doubts:
    """Knows the keys some paths read."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._used = frozenset(word for path in paths for word in _WORD.findall(path))

    def about(self, body: bytes) -> str | None:
        """Return why a body that was read is not believed; None: it is."""
        if _NUL in body:
            return NO_TEXT
        if not any(body.count(f'"{name}"'.encode()) > 1 for name in self._used):
            return None  # Nearly always: nothing that is read stands there twice at all.
        try:
            json.loads(body, object_pairs_hook=self._once)
        except _Twice:
            return TWICE
        except (ValueError, RecursionError):
            return None  # Read by a parser that takes more; nothing was found by this one.
        return None

    def _once(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            if any(names.count(name) > 1 for name in self._used & found.keys()):
                raise _Twice
        return found
