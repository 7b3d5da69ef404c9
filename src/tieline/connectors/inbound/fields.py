"""Read one field of an arriving event: a path, the first of several, a constant, a rewritten word, a time or a number."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tieline.connectors.language.conditions import canonical
from tieline.connectors.language.moment_reading import moment_reader
from tieline.connectors.language.paths import Read, compile_path
from tieline.connectors.language.templates import constant_text
from tieline.connectors.language.text_ops import compile_text_ops
from tieline.connectors.manifest.inbound_sources import Constant, Drawn
from tieline.domain.errors import VendorMisconfigured

Roots = Mapping[str, Any]
_DIGITS: Final = re.compile(r"[0-9]{1,20}(?=[-@/;]|\Z)")


def compile_source(source: object, config: Mapping[str, Any]) -> Read:
    """Compile one field source of a manifest. Raises: VendorMisconfigured: an unknown zone."""
    match source:
        case Constant():
            constant = source.const
            return lambda _roots: constant
        case Drawn():
            return _drawn(source, config)
        case str():
            return compile_path(source)
        case list() | tuple():
            return _first_of(source)
        case _:
            return lambda _roots: None


def _first_of(paths: Sequence[str]) -> Read:
    reads = [compile_path(path) for path in paths]

    def read(roots: Roots) -> Any:  # noqa: ANN401 - whatever was sent
        for candidate in reads:
            value = candidate(roots)
            if value is not None and value != "":
                return value
        return None

    return read


def _drawn(source: Drawn, config: Mapping[str, Any]) -> Read:
    read = compile_path(source.from_) if isinstance(source.from_, str) else _first_of(source.from_)
    if source.digits_after is not None:
        read = _digits_after(read, constant_text(source.digits_after, config))
    if source.take:
        read = _rewritten(read, source.take)
    if source.prefix is not None:
        read = _prefixed(read, constant_text(source.prefix, config))
    if source.values is not None:
        return _translated(read, source.values)
    if source.as_ == "number":
        return lambda roots: _number(read(roots))
    if source.format is not None:
        zone = constant_text(source.zone, config) if source.zone else ""
        parse = compile_time(source.format, zone)
        return lambda roots: parse(read(roots))
    return read


def _digits_after(read: Read, text: str) -> Read:
    def digits(roots: Roots) -> str | None:
        value = read(roots)
        if not isinstance(value, str) or not value.startswith(text):
            return None
        found = _DIGITS.match(value, len(text))
        return found.group() if found else None

    return digits


def _prefixed(read: Read, text: str) -> Read:
    def prefixed(roots: Roots) -> str | None:
        value = read(roots)
        return f"{text}{value}" if isinstance(value, str) and value else None

    return prefixed


def _rewritten(read: Read, ops: Sequence[Mapping[str, Any]]) -> Read:
    rewrite = compile_text_ops(ops)

    def rewritten(roots: Roots) -> str | None:
        value = read(roots)
        return rewrite(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None

    return rewritten


def _translated(read: Read, values: Mapping[str, Any]) -> Read:
    otherwise = values.get("*")

    def translate(roots: Roots) -> Any:  # noqa: ANN401 - the table decides
        word = read(roots)
        return None if word is None else values.get(canonical(word) or "", otherwise)

    return translate


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def compile_time(written: str, zone: str) -> Callable[[object], datetime | None]:
    """Return a reader of times; what it cannot read, or finds outside 2000-2100, is None. `zone` is for times without one.

    Raises: VendorMisconfigured: an unknown zone.
    """
    try:
        return moment_reader(written, zone)
    except (KeyError, ValueError) as exc:
        raise VendorMisconfigured("the time zone is not known; write one such as Asia/Shanghai") from exc
