"""What a number may mean on one line: the trunk's artefacts, tried in order, and the service numbers of each country.

A PBX hands us digits with whatever the trunk left on them: an outside-line digit, a carrier's prefix, the country code twice,
`00` or a plus in the wrong place, no area code. Every rule proposes a reading; the first reading the numbering plan accepts wins.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple, Self

from phonenumbers import country_code_for_region
from phonenumbers.shortnumberinfo import is_emergency_number

from tieline.domain.line import Line

FEWEST_INTERNATIONAL_DIGITS = 10
"""A number without plus or `00` is read as an international one only from this length on."""

CARRIER_PREFIXES: dict[str, tuple[str, ...]] = {
    # IP-telephony access codes that stay in front of the caller's number (MIIT numbering plan, categories 179xx, 1259x, 10193).
    "CN": ("17951", "17950", "17911", "17910", "17909", "17901", "17900", "17931", "17968", "17969", "17990", "12593", "10193"),
}
_SERVICE_NUMBERS: dict[str, re.Pattern[str]] = {
    # Three-digit emergency and enquiry numbers, 10xxx carriers, 1010xxxx, 116114 and 118xxx, 12xxx public, 95xxx(x..) national
    # and 96xxx provincial service numbers (MIIT, Telecommunication Network Numbering Plan, 2017). 400 and 800 are in the library.
    "CN": re.compile(r"11\d|12[0-2]|100\d\d|10086\d{1,4}|1010\d{4}|116114|118\d{3}|12\d{3}|95\d{3,6}|96\d{3,4}"),
}
_MOBILE_AFTER_ZERO: dict[str, re.Pattern[str]] = {
    # Trunks put a long-distance 0 before mobile numbers too; assigned or not, eleven digits from 13 to 19 are a mobile number.
    "CN": re.compile(r"0(1[3-9]\d{9})"),
}
_AREA_BEFORE_SERVICE: dict[str, re.Pattern[str]] = {
    # 010-95588 is 95588 as dialled from elsewhere.
    "CN": re.compile(r"0(?:10|2\d|[3-9]\d{2})?"),
}


class DialPlan(NamedTuple):
    """The part of a line that decides how digits are read; hashable, so that readings can be remembered."""

    country: str
    outside_prefixes: tuple[str, ...] = ()
    minimum_external_digits: int = 6
    area_code: str | None = None

    @classmethod
    def of(cls, line: Line) -> Self:
        """Return the plan of a line."""
        return cls(line.country.upper(), line.outside_prefixes, line.minimum_external_digits, line.area_code)

    @property
    def calling_code(self) -> str:
        """Digits of the country's calling code; empty if there is no such country."""
        return calling_code(self.country)


class Reading(NamedTuple):
    """One thing the digits may mean. `guessed`: the country is not written, or not written as it should be."""

    digits: str
    international: bool
    guessed: bool


@lru_cache(maxsize=512)
def calling_code(country: str) -> str:
    """Return the calling code of a country (ISO 3166-1 alpha-2), without plus; empty if there is none."""
    return str(country_code_for_region(country) or "")


def readings(digits: str, plan: DialPlan, *, plus: bool) -> Iterator[Reading]:
    """Yield what the digits may mean on this line, the likeliest first."""
    for rule in _AFTER_PLUS if plus else _WITHOUT_PLUS:
        yield from rule(digits, plan)


def without_its_plus(digits: str) -> Iterator[Reading]:
    """Yield the foreign number the digits may be; only for digits that can be nothing in the line's own country."""
    if len(digits) >= FEWEST_INTERNATIONAL_DIGITS:
        yield Reading(digits, international=True, guessed=True)


def service_number(digits: str, plan: DialPlan) -> str | None:
    """Return the service number the digits stand for, bare of country and area code; None: they stand for none."""
    pattern = _SERVICE_NUMBERS.get(plan.country)
    if pattern is None:
        return digits if len(digits) <= plan.minimum_external_digits and is_emergency_number(digits, plan.country) else None
    return next((bare for bare in _service_spellings(digits, plan) if pattern.fullmatch(bare)), None)


def _service_spellings(digits: str, plan: DialPlan) -> Iterator[str]:
    yield digits
    for prefix in (plan.calling_code, "00" + plan.calling_code, *plan.outside_prefixes):
        if prefix and digits.startswith(prefix):
            yield digits.removeprefix(prefix)
    area = _AREA_BEFORE_SERVICE.get(plan.country)
    found = area.match(digits) if area else None
    if found:
        yield digits[found.end() :]
        yield digits[1:]


def _as_written(digits: str, _plan: DialPlan) -> Iterator[Reading]:
    yield Reading(digits, international=True, guessed=False)


def _country_without_plus(digits: str, plan: DialPlan) -> Iterator[Reading]:
    if plan.calling_code and digits.startswith(plan.calling_code):
        yield Reading(digits, international=True, guessed=False)


def _country_twice(digits: str, plan: DialPlan) -> Iterator[Reading]:
    """`+86 86 138…`, `86 0086 138…`."""
    code = plan.calling_code
    for doubled in (code + code, code + "00" + code):
        if code and digits.startswith(doubled):
            yield Reading(code + digits.removeprefix(doubled), international=True, guessed=False)


def _double_zero(digits: str, plan: DialPlan) -> Iterator[Reading]:
    if digits.startswith("00"):
        yield Reading(digits[2:], international=True, guessed=False)
        yield from _country_twice(digits[2:], plan)


def _stray_plus(digits: str, plan: DialPlan) -> Iterator[Reading]:
    """Some trunks put a plus before whatever they have: `+13800138000` on a Chinese line."""
    yield from _national(digits, plan)


def _national(digits: str, plan: DialPlan) -> Iterator[Reading]:
    zero = _MOBILE_AFTER_ZERO.get(plan.country)
    mobile = zero.fullmatch(digits) if zero else None
    digits = mobile.group(1) if mobile else digits
    yield Reading(digits, international=False, guessed=True)


def _outside_line(digits: str, plan: DialPlan) -> Iterator[Reading]:
    for prefix in plan.outside_prefixes:
        if digits.startswith(prefix):
            rest = digits.removeprefix(prefix)
            yield from _double_zero(rest, plan)
            yield from _national(rest, plan)


def _carrier(digits: str, plan: DialPlan) -> Iterator[Reading]:
    for prefix in CARRIER_PREFIXES.get(plan.country, ()):
        if digits.startswith(prefix):
            yield from _national(digits.removeprefix(prefix), plan)


def _area_code_left_out(digits: str, plan: DialPlan) -> Iterator[Reading]:
    if plan.area_code:
        yield from _national(plan.area_code + digits, plan)


_Rule = Callable[[str, DialPlan], Iterator[Reading]]
_AFTER_PLUS: tuple[_Rule, ...] = (_as_written, _country_twice, _double_zero, _stray_plus, _carrier)
_WITHOUT_PLUS: tuple[_Rule, ...] = (
    _outside_line,
    _double_zero,
    _carrier,
    _national,
    _country_without_plus,
    _country_twice,
    _area_code_left_out,
)
