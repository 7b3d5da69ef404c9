"""Tell what is wrong with a configuration without repeating what was sent: only names that look like names stay."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from tieline.domain.errors import ConfigRefused

_PLAIN: Final = re.compile(r"[A-Za-z_]{1,40}[0-9]{0,2}")
_SHORTEST: Final = 2


@contextmanager
def unechoed(sent: object) -> Iterator[None]:
    """Take out of a refusal every text of `sent` that is no plain name. Raises: ConfigRefused: the same refusal, silent."""
    try:
        yield
    except ConfigRefused as exc:
        detail = exc.detail
        for text in sorted(set(_texts(sent)), key=len, reverse=True):
            if len(text) >= _SHORTEST and not _PLAIN.fullmatch(text):
                detail = detail.replace(text, "…").replace(repr(text)[1:-1], "…")
        raise ConfigRefused(detail[:400], code=exc.code, hint=exc.hint) from exc


def _texts(tree: object) -> Iterator[str]:
    match tree:
        case str():
            yield tree
            yield from re.findall(r"[^\s|(),.\[\]{}'\"]+", tree)
        case Mapping():
            for key, value in tree.items():
                yield from _texts(str(key))
                yield from _texts(value)
        case list() | tuple():
            for each in tree:
                yield from _texts(each)
        case _:
            return
