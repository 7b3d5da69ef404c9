"""The casts of a manifest: every change of form there is, by name. A vendor's new habit is one more row, never a formula.

A cast is a map of one key, `{$int: $in.number}`; one with options has them beside `of`:
`{$take: {of: $in.call_id, steps: [{before: "-"}]}}`. Options are fixed when the connection opens.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import Parameter, signature
from keyword import iskeyword
from typing import Any, Final

from tieline.connectors.language.moments import moment_writer
from tieline.connectors.language.phone_forms import PHONE_FORMS, read_phone
from tieline.connectors.language.text_ops import compile_text_ops
from tieline.connectors.language.writing import as_text, json_bytes
from tieline.domain.errors import VendorRejected

Convert = Callable[[Any], Any]


def _take(*, steps: Sequence[Mapping[str, Any]]) -> Convert:
    rewrite = compile_text_ops(steps)

    def take(value: object) -> str:
        taken = rewrite(as_text(value))
        if taken is None:
            raise ValueError("there is nothing to take")
        return taken

    return take


def _escape(*, chars: str, with_: str) -> Convert:
    table = str.maketrans({character: with_ + character for character in chars})
    return lambda value: as_text(value).translate(table)


def _replace(*, from_: str, to: str) -> Convert:
    return lambda value: as_text(value).replace(from_, to)


def _join(*, with_: str) -> Convert:
    return lambda value: with_.join(map(as_text, _several(value))) or None


def _split(*, with_: str) -> Convert:
    return lambda value: as_text(value).split(with_)


def _time(*, as_: str, zone: str = "") -> Convert:
    return moment_writer(as_, zone)


def _phone(*, as_: str, country: str = "CN") -> Convert:
    if as_ not in PHONE_FORMS:
        message = f"a number is written {', '.join(PHONE_FORMS)}"
        raise ValueError(message)

    def write(value: object) -> str:
        written = PHONE_FORMS[as_](read_phone(value, country))
        if written is None:
            raise ValueError("the number does not have that form")
        return written

    return write


def _pairs(*, joins: str = ":", between: str = ",", escape: str = "%", most_bytes: int = 1024) -> Convert:
    """`k:v,k:v`, safe to take apart: what could be read as a delimiter is percent-encoded, or gets `escape` before it."""
    special = {escape, *joins, *between}
    table = str.maketrans({each: f"%{ord(each):02X}" if escape == "%" else escape + each for each in special})

    def write(value: Mapping[str, Any]) -> str:
        text = between.join(f"{key}{joins}{as_text(each).translate(table)}" for key, each in value.items())
        if len(text.encode()) > most_bytes:
            detail = f"the data to pass along is longer than the {most_bytes} bytes the other system takes"
            raise VendorRejected(detail)
        return text

    return write


def _named(*, joins: str = "=", into: str = "") -> Convert:
    """`[code=1234, …]` as `{code: 1234, …}`, for vendors who want values by name; `into: value` makes each `{value: 1234}`."""

    def read(value: object) -> Mapping[str, Any]:
        parted = [as_text(each).partition(joins) for each in _several(value)]
        if any(not name or not mark for name, mark, _ in parted):
            detail = f"the other system wants each value with its name, as in name{joins}value"
            raise VendorRejected(detail)
        return {name: {into: each} if into else each for name, _, each in parted}

    return read


def _several(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _plain(convert: Convert) -> Callable[[], Convert]:
    return lambda: convert


CASTS: Final[Mapping[str, Callable[..., Convert]]] = {
    "$int": _plain(int),
    "$text": _plain(as_text),
    "$json": _plain(lambda value: json_bytes(value).decode()),
    "$parse": _plain(json.loads),
    "$base64": _plain(lambda value: base64.b64encode(as_text(value).encode()).decode()),
    "$base64url_json": _plain(lambda value: base64.urlsafe_b64encode(json_bytes(value)).decode()),
    "$first": _plain(lambda value: value),
    "$filled": _plain(lambda value: value or None),
    "$merge": _plain(lambda maps: {key: value for each in maps for key, value in each.items()}),
    "$escape": _escape,
    "$replace": _replace,
    "$join": _join,
    "$split": _split,
    "$take": _take,
    "$pairs": _pairs,
    "$named": _named,
    "$phone": _phone,
    "$time": _time,
}


def cast_of(tree: object) -> str | None:
    """Return the cast a one-key map asks for, or None. Raises: ValueError: an unknown cast, or options it does not have."""
    if not isinstance(tree, Mapping) or len(tree) != 1:
        return None
    key = next(iter(tree))
    if not isinstance(key, str) or not key.startswith("$") or key.startswith("$$"):
        return None
    if key not in CASTS:
        message = f"unknown cast {key[:40]!r}; there are {', '.join(CASTS)}"
        raise ValueError(message)
    _, options = operand_of(key, tree[key])
    if not any(isinstance(value, str) and value.startswith("$config") for value in options.values()):
        build_cast(key, options)
    return key


def operand_of(cast: str, operand: object) -> tuple[object, Mapping[str, Any]]:
    """Return what is cast, and the options as written. Raises: ValueError: one is missing or unknown."""
    known = {name.rstrip("_"): each for name, each in signature(CASTS[cast]).parameters.items()}
    if not known:
        return operand, {}
    given = operand if isinstance(operand, Mapping) else {}
    faults = (*_faults(known, given),)
    if faults:
        message = f"{cast} needs {{of: …, {', '.join(known)}}}: {faults[0]}"
        raise ValueError(message)
    return given["of"], {name: value for name, value in given.items() if name != "of"}


def _faults(known: Mapping[str, Parameter], given: Mapping[str, Any]) -> Iterator[str]:
    for name in ("of", *(name for name, each in known.items() if each.default is Parameter.empty)):
        if name not in given:
            yield f"{name} is missing"
    yield from (f"there is no option {name[:40]!r}" for name in given if name != "of" and name not in known)


def build_cast(cast: str, options: Mapping[str, Any]) -> Convert:
    """Return the conversion. Raises: ValueError: an option that means nothing."""
    return CASTS[cast](**{f"{name}_" if iskeyword(name) or name == "as" else name: value for name, value in options.items()})
