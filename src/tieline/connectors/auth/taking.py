"""Find in an answer what a sign-in brought: values at paths, in cookies, and the moment at which they end."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from tieline.connectors.language.conditions import canonical
from tieline.connectors.language.moment_reading import moment_reader
from tieline.connectors.language.paths import compile_path
from tieline.connectors.manifest.sign_in import End, Lifetime, Taken
from tieline.connectors.wire.messages import Answer
from tieline.domain.errors import VendorBadAnswer, VendorMisconfigured

LONGEST_VALUE: Final = 16_384
# Several cookies arrive joined by commas; a date among their attributes has no equals sign after its first word.
_COOKIE: Final = re.compile(r"(?:^|,)\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)=([^;,]*)")
_SECONDS: Final[Mapping[str, float]] = {"s": 1.0, "ms": 0.001, "min": 60.0}
Roots = Mapping[str, Any]


def cookies_in(header: Mapping[str, str]) -> dict[str, str]:
    """Return the cookies an answer sets, by name, without their attributes and quotes."""
    return {name: value.strip().strip('"') for name, value in _COOKIE.findall(header.get("set-cookie", ""))}


def roots_of(answer: Answer) -> Roots:
    """Return what paths into the answer to a sign-in start from."""
    return {**answer.roots(), "cookie": cookies_in(answer.header)}


def compile_taken(taken: Taken) -> Callable[[Roots], str | None]:
    """Return a reader of one value; None: it is not there. Raises, later: VendorBadAnswer: it cannot be sent back."""
    read, after = compile_path(taken.from_), taken.after

    def take(roots: Roots) -> str | None:
        value = read(roots)
        text = None if value is None else canonical(value)
        if text is None or (after is not None and after not in text):
            return None
        return sendable(text.rpartition(after)[2] if after else text) or None

    return take


def sendable(text: str) -> str:
    """Accept a value that can be sent back. Raises: VendorBadAnswer: too long, or with a character no header may hold."""
    if len(text) > LONGEST_VALUE or not text.isascii() or not text.isprintable():
        raise VendorBadAnswer("the sign-in brought a value that cannot be sent back")
    return text


def compile_lifetime(lifetime: Lifetime | None, end: End | None, zone: str) -> Callable[[Roots, datetime], float | None]:
    """Return a reader of the seconds a token has to live; None: the answer does not say, or says nonsense.

    Raises: VendorMisconfigured: an unknown zone.
    """
    if lifetime is not None:
        read, unit = compile_path(lifetime.from_), _SECONDS[lifetime.unit]
        return lambda roots, _now: _positive(_number(read(roots)) * unit)
    if end is None:
        return lambda _roots, _now: None
    until, read_moment = compile_path(end.from_), _reader(end.format, zone)
    return lambda roots, now: _left_s(read_moment(until(roots)), now)


def _reader(written: str, zone: str) -> Callable[[object], datetime | None]:
    try:
        return moment_reader(written, zone)
    except (KeyError, ValueError) as exc:
        raise VendorMisconfigured("the time zone is not known; write one such as Asia/Shanghai") from exc


def _left_s(until: datetime | None, now: datetime) -> float | None:
    return None if until is None else _positive((until - now).total_seconds())


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def _positive(seconds: float) -> float | None:
    return seconds if seconds > 0 else None
