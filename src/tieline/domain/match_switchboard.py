"""Company numbers: from a direct-dial number to the head office it belongs to, by cutting digits or by a stored range.

Only where the numbering plan has direct dial; never for +1, where neighbouring numbers belong to strangers. Only organisations
may be found this way, never people.
"""

import re
from typing import NamedTuple

from tieline.domain.customer import Customer
from tieline.domain.dial_plan import calling_code
from tieline.domain.line import Line
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_written import numbers_written_in

MOST_DIGITS_CUT = 4
FEWEST_DIGITS_LEFT = 8
"""E.164 digits that must remain after a cut, country code included: a shorter stem is a whole town."""

_NORTH_AMERICA = "1"
_RANGE = re.compile(r"^(?P<stem>.*?)(?P<first>\d{2,6})\s*(?:-|–|—|~|～|至|到|\bto\b|\.\.)\s*(?P<last>\d{2,6})\s*$")


class NumberRange(NamedTuple):
    """A block of direct-dial numbers, both ends included, in E.164 without the plus."""

    first: int
    last: int

    def holds(self, phone: PhoneNumber) -> bool:
        """Say whether the number lies in the block and has its length."""
        digits = phone.digits
        return phone.e164 is not None and len(digits) == len(str(self.first)) and self.first <= int(digits) <= self.last


def switchboard_keys(caller: PhoneNumber, *, line: Line) -> tuple[str, ...]:
    """Return the E.164 numbers a head office of this caller may have: 1 to 4 digits cut, alone or filled up with zeros.

    Both forms occur: a stem with an operator's 0 or nothing where lengths vary (+49 89 1234-0), round numbers where they do not
    (6554 3833 belongs to 6554 3800). The shortest cut comes first.
    """
    if caller.e164 is None or caller.kind not in {"landline", "voip"} or not line.direct_dial:
        return ()
    if calling_code(caller.country or line.country) == _NORTH_AMERICA:
        return ()
    keys: dict[str, None] = {}
    for cut in range(1, MOST_DIGITS_CUT + 1):
        stem = caller.e164[:-cut]
        if len(stem) - 1 >= FEWEST_DIGITS_LEFT:
            keys |= dict.fromkeys(stem + "0" * zeros for zeros in range(cut, -1, -1))
    keys.pop(caller.e164, None)
    return tuple(keys)


def has_in_range(company: Customer, caller: PhoneNumber, *, line: Line) -> bool:
    """Say whether the company keeps a block of numbers that holds the caller's."""
    blocks = (read_range(written, line=line) for written in company.phones)
    return company.kind == "organization" and any(block.holds(caller) for block in blocks if block is not None)


def read_range(text: str, *, line: Line) -> NumberRange | None:
    """Read `+86 10 6554 3800-3899` as a block; None if the text is none, such as a number with an extension."""
    found = _RANGE.match(text.strip())
    if found is None or found["stem"][-1:].isdigit() or len(found["first"]) != len(found["last"]):
        return None
    ends = [numbers_written_in(found["stem"] + tail, line=line) for tail in (found["first"], found["last"])]
    if any(len(end) != 1 or end[0].e164 is None for end in ends):
        return None
    first, last = (int(end[0].digits) for end in ends)
    return NumberRange(first, last) if first < last else None
