"""The numbers in one field of a record, where people write several, with names and remarks between them."""

import re
from functools import lru_cache

from tieline.domain.dial_plan import DialPlan
from tieline.domain.errors import RequestRefused
from tieline.domain.line import Line
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import read_number
from tieline.domain.phone_range import read_range

MOST_NUMBERS = 10
MOST_CHARACTERS = 1000

_BETWEEN = re.compile(r"[/;,、，；|\n]|或|\bor\b|\band\b")
_ONE_NUMBER = re.compile(
    r"[+＋]?[\d(（][\d\s().（）‐–—－-]{2,60}\d(?:\s{0,3}(?:;?ext\.?=?|x|#|转|轉|分机号?)\s{0,3}\d{1,7})?", re.IGNORECASE
)


def numbers_written_in(text: str, *, line: Line) -> tuple[PhoneNumber, ...]:
    """Return every number in a phone field, at most ten: `13800138000/13900139000`, `张三 138… (微信同号)`. Never raises.

    Of a block of numbers the first is returned: a head office keeps the round one.
    """
    return _numbers(text[:MOST_CHARACTERS], DialPlan.of(line))


@lru_cache(maxsize=16_384)
def _numbers(text: str, plan: DialPlan) -> tuple[PhoneNumber, ...]:
    block = read_range(text, plan)
    if block is not None:
        return (block.first,)
    whole = _number(text, plan)
    if whole is not None and whole.valid:
        return (whole,)
    parts = (_number(found.group(), plan) for piece in _BETWEEN.split(text) for found in _ONE_NUMBER.finditer(piece))
    several = [part for part in parts if part is not None and part.valid]
    if not several and whole is not None and whole.key is not None:
        several = [whole]
    return tuple({part.key: part for part in reversed(several)}.values())[::-1][:MOST_NUMBERS]


def _number(text: str, plan: DialPlan) -> PhoneNumber | None:
    try:
        return read_number(text, plan)
    except RequestRefused:
        return None
