"""Blocks of direct-dial numbers as companies write them: `+86 10 6554 3800-3899`."""

import re
from typing import NamedTuple

from tieline.domain.dial_plan import DialPlan
from tieline.domain.errors import RequestRefused
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import read_number

_BLOCK = re.compile(r"^(?P<stem>.*?)(?P<first>\d{2,6})\s*(?:-|–|—|~|～|至|到|\bto\b|\.\.)\s*(?P<last>\d{2,6})\s*$")
_LONGEST = 60


class NumberRange(NamedTuple):
    """A block, both ends included and of one length."""

    first: PhoneNumber
    last: PhoneNumber

    def holds(self, phone: PhoneNumber) -> bool:
        """Say whether the number lies in the block."""
        same_length = phone.e164 is not None and len(phone.digits) == len(self.first.digits)
        return same_length and int(self.first.digits) <= int(phone.digits) <= int(self.last.digits)


def read_range(text: str, plan: DialPlan) -> NumberRange | None:
    """Return the block a text stands for; None if it is none, such as a number with an extension."""
    if len(text) > _LONGEST or text.removeprefix("+").isdigit():
        return None
    found = _BLOCK.match(text.strip())
    if found is None or found["stem"][-1:].isdigit() or len(found["first"]) != len(found["last"]):
        return None
    try:
        first, last = (read_number(found["stem"] + tail, plan) for tail in (found["first"], found["last"]))
    except RequestRefused:
        return None
    ordered = first.valid and last.valid and first.extension is None and first.digits < last.digits
    return NumberRange(first, last) if ordered and len(first.digits) == len(last.digits) else None
