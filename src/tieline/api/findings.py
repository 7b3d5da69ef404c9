"""What exactly does not fit: where (a pointer) and why (a code), without repeating what was sent."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

_PLAIN_NAME: Final = re.compile(r"[A-Za-z_]{1,40}[0-9]{0,2}")
"""Names are echoed only if they look like a field's name; a key can hold a phone number as well as a value can."""

_REASONS: Final[Mapping[str, str]] = {
    "missing": "required",
    "extra_forbidden": "unknown",
    "literal_error": "value",
    "enum": "value",
    "string_pattern_mismatch": "value",
    "too_long": "length",
    "too_short": "length",
    "string_too_long": "length",
    "string_too_short": "length",
    "greater_than": "range",
    "greater_than_equal": "range",
    "less_than": "range",
    "less_than_equal": "range",
    "int_parsing_size": "range",
    "finite_number": "range",
}
_READING_REASONS: Final[Mapping[str, str]] = {"int_parsing": "range", "int_from_float": "range", "float_parsing": "range"}
"""In a query everything is text: what does not read as a number is out of range, not of the wrong type."""

_OWN_CODES: Final = "tieline_"
"""A validator of ours names the code itself: `PydanticCustomError("tieline_phone_invalid", …)`."""


class Finding(BaseModel):
    """One complaint. `pointer` is `#/from` in the body (RFC 6901) and `?limit` in the query."""

    model_config = ConfigDict(frozen=True)

    pointer: str = Field(examples=["#/from"])
    code: str = Field(examples=["field_required"])


def findings_of(errors: Sequence[Mapping[str, Any]], *, body: object = None) -> list[Finding]:
    """Turn pydantic's complaints into ours, each once, in order. `body` is the tree that was judged."""
    found = (_finding(error, body) for error in errors)
    return list(dict.fromkeys(found))


def _finding(error: Mapping[str, Any], body: object) -> Finding:
    place, *path = error["loc"]
    kind = str(error["type"])
    if kind.startswith(_OWN_CODES):
        code = kind.removeprefix(_OWN_CODES)
    elif place == "body" and not path and kind in {"model_type", "model_attributes_type", "dict_type"}:
        code = "type_object_expected"
    else:
        code = f"{'field' if place == 'body' else 'param'}_{_reason(kind, in_body=place == 'body')}"
    if place != "body":
        return Finding(pointer="?" + "/".join(_shown(part) for part in path[:1]), code=code)
    return Finding(pointer="#" + "".join(f"/{_shown(part)}" for part in _present(path, body, kind)), code=code)


def _reason(kind: str, *, in_body: bool) -> str:
    if kind in _REASONS:
        return _REASONS[kind]
    if not in_body and kind in _READING_REASONS:
        return _READING_REASONS[kind]
    return "datetime" if kind.startswith(("datetime", "date", "timezone")) else "type"


def _present(path: Sequence[str | int], body: object, kind: str) -> list[str | int]:
    """Cut off what pydantic adds to a path beyond the tree itself: the names of a union's branches."""
    kept: list[str | int] = []
    node: Any = body
    for part in path:
        if not _holds(node, part):
            return [*kept, part] if kind == "missing" else kept
        node = node[part]
        kept.append(part)
    return kept


def _holds(node: Any, part: str | int) -> bool:  # noqa: ANN401 - any JSON value
    if isinstance(node, dict):
        return part in node
    return isinstance(node, list) and isinstance(part, int) and part < len(node)


def _shown(part: str | int) -> str:
    return str(part) if isinstance(part, int) or _PLAIN_NAME.fullmatch(part) else "*"
