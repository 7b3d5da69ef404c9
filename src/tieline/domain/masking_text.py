"""Telephone numbers, identity numbers, cards and e-mail addresses inside free text, hidden where they stand.

Only what looks and checks like one is touched: a pattern, a plausible birth date, a Luhn digit, or a word before it that says
what it is. Digits may be split by spaces or dashes and written in Chinese numerals; then it is best effort.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import NamedTuple

from tieline.domain.masking_numbers import bank_card, identity_card, passport, phone
from tieline.domain.masking_words import email, social_id

MOST_CHARACTERS = 10_000
"""Longer text is cut: nobody reads it during a call, and the time to search it must stay bounded."""

_NUMERALS = {
    numeral: str(digit)
    for digit, numerals in enumerate(("零〇○", "一壹幺么", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for numeral in numerals
}
_NUMERAL = "".join(_NUMERALS)
_DIGIT = rf"[\d{_NUMERAL}]"
_GAP = r"[\s\-.·()（）‐‑–—]{0,2}"
_MAY_BEGIN = re.compile(rf"[@＠微Ww\d{_NUMERAL}]")
"""The first character of anything that `_WORTH_A_LOOK` finds: most text holds none, and a single set is searched fastest."""
_WORTH_A_LOOK = re.compile(rf"[@＠]|微信|[Ww]e[Cc]hat|WECHAT|{_DIGIT}(?:{_GAP}{_DIGIT}){{4}}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}[@＠][^\W_][\w-]{0,62}(?:\.[\w-]{1,63}){1,8}")
_RUN = re.compile(rf"(?<![\d_*.])[+＋]?[(（]?{_DIGIT}(?:{_GAP}{_DIGIT})+(?:[Xx](?![A-Za-z0-9]))?(?![\d_*])")
_GROUP = re.compile(rf"\d+(?:[Xx](?![A-Za-z0-9]))?|[{_NUMERAL}]")
_SAYS_PHONE = re.compile(
    r"(?:电话|手机|联系|致电|回电|来电|座机|号码|tel|phone|mobile|mob|call|cell)[^\d\n]{0,12}$", re.IGNORECASE
)
_HOW_FAR_BACK = 24
_NAMED: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"(?:微信|wechat)\s*(?:号|id)?\s*[:：是]?\s*([A-Za-z][\w-]{5,19})", re.IGNORECASE), social_id),
    (re.compile(r"(?:qq|微信)\s*号?\s*[:：是]?\s*(\d{5,11})(?!\d)", re.IGNORECASE), social_id),
    (
        re.compile(
            r"(?:护照|passport|通行证)[^\w\n]{0,3}(?:号码?|no\.?|number)?[^\w\n]{0,3}([A-Za-z]{1,2}\d{6,9})", re.IGNORECASE
        ),
        passport,
    ),
)

_BIRTH_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_IDENTITY = re.compile(rf"[1-9]\d{{5}}(?:(?:18|19|20)\d{{2}}{_BIRTH_DAY}\d{{3}}[\dX]|\d{{2}}{_BIRTH_DAY}\d{{3}})")
_PHONE = re.compile(
    r"(?:\+?86|0086|0)?1[3-9]\d{9}"  # Chinese mobile
    r"|(?:\+?86|0086)?0(?:10|2\d|[3-9]\d{2})[2-8]\d{6,7}"  # Chinese landline with its area code
    r"|(?:\+|00)[1-9]\d{7,14}"  # anything written internationally
)
_NORTH_AMERICAN_GROUPS = [3, 3, 4]
_CARD_LENGTHS = range(13, 20)
_LOCAL_LENGTHS = range(7, 13)
_FEWEST, _MOST = 7, 20
_MOST_PASSES = 8


class _Find(NamedTuple):
    start: int
    end: int
    masked: str


class _Group(NamedTuple):
    """Digits that stand together, as ASCII, and where."""

    start: int
    end: int
    digits: str


def text(value: str) -> str:
    """Return the text with everything that identifies a person hidden in place; nothing else is changed."""
    if len(value) > MOST_CHARACTERS:
        value = value[: MOST_CHARACTERS - 1] + "…"
    if not _MAY_BEGIN.search(value):
        return value
    for _ in range(_MOST_PASSES):
        masked = _once(value) if _WORTH_A_LOOK.search(value) else value
        if masked == value:
            break
        value = masked
    return value


def text_strict(_value: str) -> str:
    """Nothing: free text is dropped."""
    return ""


def _once(value: str) -> str:
    """One pass. A mask may bring digits together that were apart, hence the passes until nothing changes."""
    value = _EMAIL.sub(lambda found: email(found.group()), value)
    for pattern, mask in _NAMED:
        value = _replace(value, (_Find(*found.span(1), mask(found.group(1))) for found in pattern.finditer(value)))
    return _replace(value, _numbers(value))


def _replace(value: str, finds: Iterator[_Find]) -> str:
    pieces, place = [], 0
    for find in finds:
        pieces += [value[place : find.start], find.masked]
        place = find.end
    return "".join([*pieces, value[place:]])


def _numbers(value: str) -> Iterator[_Find]:
    for run in _RUN.finditer(value):
        before = max(0, run.start() - _HOW_FAR_BACK)
        announced = _SAYS_PHONE.search(value, before, run.start()) is not None
        after_letters = value[before : run.start()][-1:].isascii() and value[before : run.start()][-1:].isalpha()
        if announced or not after_letters:
            yield from _in_run(value, run, announced=announced)


def _in_run(value: str, run: re.Match[str], *, announced: bool) -> Iterator[_Find]:
    """Join neighbouring groups of digits, the longest first, until something is recognised."""
    groups = [
        _Group(found.start(), found.end(), _ascii(found.group())) for found in _GROUP.finditer(value, run.start(), run.end())
    ]
    sign = value[run.start() : groups[0].start]
    first = 0
    while first < len(groups):
        starts_run = first == 0 and sign != ""
        find, used = _longest(
            groups[first : first + _MOST], plus="+" if starts_run and sign[0] in "+＋" else "", announced=announced
        )
        if find is not None:
            yield find._replace(start=run.start()) if starts_run else find
        first += used


def _longest(groups: list[_Group], *, plus: str, announced: bool) -> tuple[_Find | None, int]:
    joined = list(accumulate((group.digits for group in groups), initial=plus))[1:]
    for count in range(len(groups), 0, -1):
        digits = joined[count - 1]
        if _FEWEST <= len(digits) <= _MOST:
            masked = _masked(digits, [len(group.digits) for group in groups[:count]], announced=announced)
            if masked is not None:
                return _Find(groups[0].start, groups[count - 1].end, masked), count
    return None, 1


def _masked(digits: str, sizes: list[int], *, announced: bool) -> str | None:
    """Return the mask of what the digits are; None if they are nothing that names a person."""
    if _IDENTITY.fullmatch(digits):
        return identity_card(digits)
    number = digits.rstrip("X")
    if _PHONE.fullmatch(number) or sizes == _NORTH_AMERICAN_GROUPS or (announced and len(number.lstrip("+")) in _LOCAL_LENGTHS):
        return phone(number)
    return bank_card(digits) if len(digits) in _CARD_LENGTHS and _grouped_like_a_card(sizes) and _luhn(digits) else None


def _grouped_like_a_card(sizes: list[int]) -> bool:
    """One block, blocks of four with a shorter last one, or digit by digit."""
    return len(sizes) == 1 or set(sizes) == {1} or (set(sizes[:-1]) == {4} and sizes[-1] <= 4)  # noqa: PLR2004 - as embossed


def _luhn(digits: str) -> bool:
    """Say whether the check digit is right (ISO/IEC 7812-1, annex B)."""
    if not digits.isdigit():
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) if place % 2 else int(digit) for place, digit in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def _ascii(written: str) -> str:
    """Digits of any script and Chinese numerals as ASCII; a final X stays."""
    return "".join(_NUMERALS.get(character) or str(unicodedata.decimal(character, character)) for character in written).upper()
