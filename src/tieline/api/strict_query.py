"""A query string to names and values, refusing repetition and broken encoding (bad-input rows B34, B35)."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from tieline.domain.errors import BodyMalformed

_BROKEN_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEPT_PLUS: Final = frozenset({"phone", "line"})
"""Numbers: a plus at their beginning is the plus of +86, which many softphones send as it is; elsewhere it is a space."""


def read_query(raw: bytes) -> dict[str, str]:
    """Return each parameter once. Raises: BodyMalformed: `param_repeated` or `param_encoding`."""
    if not raw:
        return {}
    found: dict[str, str] = {}
    for pair in raw.decode("latin-1").split("&"):
        if not pair:
            continue
        name_text, _, value_text = pair.partition("=")
        name = _unquoted(name_text)
        if name in found:
            raise BodyMalformed(code="param_repeated")
        plus = "+" if name in _KEPT_PLUS and value_text.startswith("+") else ""
        found[name] = plus + _unquoted(value_text.removeprefix(plus))
    return found


def _unquoted(text: str) -> str:
    if "%" not in text and text.isascii():
        return text.replace("+", " ")
    if _BROKEN_PERCENT.search(text):
        raise BodyMalformed(code="param_encoding")
    try:
        plain = unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError as exc:
        raise BodyMalformed(code="param_encoding") from exc
    if "\x00" in plain:
        raise BodyMalformed(code="param_encoding")
    return plain
