"""Numbers that changed: countries whose old spellings still stand in many address books.

Each rule turns the old E.164 form, which no plan knows any more, into the present one. It is tried only on numbers that are
not valid as written, so a new number is never touched.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple


class Renumbering(NamedTuple):
    """From `since` on, numbers that match `old` (a full match over E.164) are written as `new`."""

    country: str
    since: date
    old: re.Pattern[str]
    new: str


def _rule(country: str, since: date, old: str, new: str) -> Renumbering:
    return Renumbering(country, since, re.compile(old), new)


_VIETNAM = date(2018, 9, 15)
_VIETNAM_MOBILE = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",
    "186": "56", "188": "58", "199": "59",
}  # fmt: skip

RENUMBERINGS: tuple[Renumbering, ...] = (
    # Mexico dropped the 1 before mobile numbers: IFT, national numbering plan in force 3 August 2019 (ITU OB 1151).
    _rule("MX", date(2019, 8, 3), r"\+521(\d{10})", r"+52\1"),
    # Brazil put a 9 before eight-digit mobile numbers, state by state from July 2012; the last ones by 6 November 2016 (Anatel).
    _rule("BR", date(2016, 11, 6), r"\+55([1-9]{2})([6-9]\d{7})", r"+55\g<1>9\2"),
    # Vietnam shortened eleven-digit mobile numbers: Ministry of Information and Communications, 15 September 2018.
    *(_rule("VN", _VIETNAM, rf"\+84{old}(\d{{7}})", rf"+84{new}\1") for old, new in _VIETNAM_MOBILE.items()),
    # Benin put 01 before every eight-digit number: ARCEP Bénin, 30 November 2024.
    _rule("BJ", date(2024, 11, 30), r"\+229(\d{8})", r"+22901\1"),
)


def present_spellings(e164: str, *, on: date | None = None) -> Iterator[str]:
    """Yield how a changed number is written on that day (None: by every rule known), usually nothing or one spelling."""
    for rule in RENUMBERINGS:
        if (on is None or rule.since <= on) and rule.old.fullmatch(e164):
            yield rule.old.sub(rule.new, e164)
