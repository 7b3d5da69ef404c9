"""Bytes to a tree of plain values, once, by one parser, refusing everything two parsers could read differently.

Behaviour: bad-input rows B01, B02, B08 to B11, B13 to B19. A byte-order mark of UTF-8 is tolerated.
"""

import codecs
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tieline.domain.errors import BodyMalformed

DEEPEST: Final = 64
MOST_KEYS: Final = 1_000
MOST_ITEMS: Final = 10_000
LONGEST_NUMBER: Final = 64
"""Characters; the longest double in full has fewer, and no id or amount comes near it."""

_BRACKET_OR_TEXT: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_STEPS: Final[Mapping[bytes, int]] = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
_OTHER_ENCODINGS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def read_json(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return what `raw` says. Raises: BodyMalformed: with the matrix's code and status."""
    if not raw:
        raise BodyMalformed(code="body_required")
    text = _decoded(raw)
    _refuse_depth(raw)
    tree = _parsed(text)
    if b"," in raw:
        _refuse_crowd(tree)
    if b"\\u" in raw:
        _refuse_broken_text(tree)
    return tree


def _decoded(raw: bytes) -> str:
    if raw.startswith(_OTHER_ENCODINGS) or b"\x00" in raw[:4]:
        # JSON begins with an ASCII character, so a NUL among the first bytes means UTF-16 or UTF-32 (RFC 4627, 3).
        raise BodyMalformed(code="charset_unsupported", http_status=415)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BodyMalformed(code="encoding_invalid") from exc


def _refuse_depth(raw: bytes) -> None:
    """Count brackets outside of text before the parser, which would recurse."""
    if raw.count(b"{") + raw.count(b"[") <= DEEPEST:
        return
    depth = opened = 0
    for found in _BRACKET_OR_TEXT.finditer(raw):
        step = _STEPS.get(found[0], 0)
        depth += step
        opened += step > 0
        if depth > DEEPEST:
            raise BodyMalformed(code="json_too_deep")
        if opened > MOST_ITEMS:
            raise BodyMalformed(code="too_many_items", http_status=422)


def _parsed(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(
            text, object_pairs_hook=_Objects().build, parse_constant=_no_number, parse_float=_finite, parse_int=_short_whole
        )
    except json.JSONDecodeError as exc:
        raise BodyMalformed(code="json_malformed") from exc


class _Objects:
    """Builds objects and counts their keys over the whole document."""

    def __init__(self) -> None:
        self._keys = 0

    def build(self, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) != len(pairs):
            raise BodyMalformed(code="json_duplicate_key")
        self._keys += len(pairs)
        if self._keys > MOST_KEYS:
            raise BodyMalformed(code="too_many_items", http_status=422)
        return built


def _no_number(_name: str) -> None:
    raise BodyMalformed(code="json_number")


def _finite(digits: str) -> float:
    number = float(digits) if len(digits) <= LONGEST_NUMBER else math.inf
    if not math.isfinite(number):
        raise BodyMalformed(code="json_number")
    return number


def _short_whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise BodyMalformed(code="json_number")
    return int(digits)


def _refuse_crowd(tree: object) -> None:
    if sum(len(node) for node in _nodes(tree) if isinstance(node, list)) > MOST_ITEMS:
        raise BodyMalformed(code="too_many_items", http_status=422)


def _refuse_broken_text(tree: object) -> None:
    """Refuse what Postgres cannot keep (NUL) and what UTF-8 cannot say (half a surrogate pair)."""
    for node in _nodes(tree):
        texts = node.keys() if isinstance(node, dict) else (node,)
        for text in texts:
            if isinstance(text, str):
                _refuse_if_broken(text)


def _refuse_if_broken(text: str) -> None:
    if "\x00" in text:
        raise BodyMalformed(code="text_nul", http_status=422)
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise BodyMalformed(code="text_invalid", http_status=422) from exc


def _nodes(tree: object) -> Iterator[object]:
    """Yield every value in the tree, containers included, without recursion."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
