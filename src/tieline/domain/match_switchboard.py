"""Company numbers: from a direct-dial number to the head office it belongs to, by cutting digits.

Only where the numbering plan has direct dial; never for +1, where neighbouring numbers belong to strangers. Only organisations
may be found this way, never people.
"""

from tieline.domain.dial_plan import calling_code
from tieline.domain.line import Line
from tieline.domain.phone import PhoneNumber

MOST_DIGITS_CUT = 4
FEWEST_DIGITS_LEFT = 8
"""E.164 digits that must remain after a cut, country code included: a shorter stem is a whole town."""

_NORTH_AMERICA = "1"


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
