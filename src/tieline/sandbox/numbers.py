"""Telephone numbers nobody owns, and the many ways in which clerks type them.

Foreign numbers come from ranges the regulators keep free for fiction: 555-0100 to 0199 in North America, 020 7946 0xxx in London
(Ofcom), 030 23125 xxx in Berlin (Bundesnetzagentur), 01 99 00 xx xx in France (Arcep), 03 7010 xxxx in Victoria (ACMA);
pages read 2026-11-22. China keeps no such range; 138 0013 xxxx is the block used in print for made-up numbers.
"""

import re
from collections.abc import Callable

_US_AREAS = ("202", "303", "415", "512", "617", "206", "312", "404", "702", "904")
_TO_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_FROM_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")


def chinese_mobile(key: int) -> str:
    """Return the eleven digits of person `key`; different for any 8000 keys in a row, never one of the demo's own."""
    return f"1380013{key * 2741 % 8000:04d}"


def foreign_number(country: str, key: int) -> str:
    """Return an E.164 number for fiction; different for any 800 keys in a row, the last fifth being the demo's own."""
    number = key % 800
    return {
        "US": f"+1{_US_AREAS[number // 100]}55501{number % 100:02d}",
        "GB": f"+442079460{number:03d}",
        "DE": f"+493023125{number:03d}",
        "FR": f"+3319900{number:04d}",
        "AU": f"+6137010{number:04d}",
    }[country]


def _grouped(mobile: str, separator: str) -> str:
    return separator.join((mobile[:3], mobile[3:7], mobile[7:]))


CHINESE_SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda mobile: mobile,
    lambda mobile: f"+86{mobile}",
    lambda mobile: f"+86 {_grouped(mobile, ' ')}",
    lambda mobile: _grouped(mobile, "-"),
    lambda mobile: f"0086{mobile}",
    lambda mobile: f"(+86) {_grouped(mobile, ' ')}",
    lambda mobile: f"86-{mobile}",
    lambda mobile: f"0{mobile}",
    lambda mobile: _grouped(mobile, ".") + " ",
    lambda mobile: mobile.translate(_TO_FULL_WIDTH),
    lambda mobile: f"{mobile[:3]}/{mobile[3:]}",
)
_FOREIGN_SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda e164: e164,
    lambda e164: f"00{e164[1:]}",
    lambda e164: f"{e164[:3]} {e164[3:6]} {e164[6:]}",
    lambda e164: f"tel:{e164}",
)

_EXTENSION_MARK = re.compile(r"(?:转|分机|ext\.?|;ext=|#|,|x)\s*")
_NOT_DIGITS = re.compile(r"\D")
_CHINESE_MOBILE = re.compile(r"0?1[3-9]\d{9}")


def spell_chinese(mobile: str, style: int) -> str:
    """Return the mobile as some clerk types it; `style` is any whole number."""
    return CHINESE_SPELLINGS[style % len(CHINESE_SPELLINGS)](mobile)


def spell_foreign(e164: str, style: int) -> str:
    """Return the foreign number as some clerk types it; `style` is any whole number."""
    return _FOREIGN_SPELLINGS[style % len(_FOREIGN_SPELLINGS)](e164)


def key_of(text: str) -> str:
    """Return the digits a system compares by: country code first, extension after `x`; equal for every spelling of one number."""
    number, *extensions = _EXTENSION_MARK.split(text.translate(_FROM_FULL_WIDTH), maxsplit=1)
    digits = _international(_NOT_DIGITS.sub("", number), plus="+" in number)
    return "x".join((digits, *(_NOT_DIGITS.sub("", extension) for extension in extensions)))


def _international(digits: str, *, plus: bool) -> str:
    if plus:
        return digits
    if digits.startswith("00"):
        return digits[2:]
    if _CHINESE_MOBILE.fullmatch(digits):
        return "86" + digits[-11:]
    if digits.startswith("0"):
        return "86" + digits[1:]
    return digits
