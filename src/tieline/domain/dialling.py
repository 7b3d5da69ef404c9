"""How a number is written for an exchange to dial it."""

import phonenumbers

from tieline.domain.line import Line
from tieline.domain.phone import PhoneNumber


def as_dialled(phone: PhoneNumber, line: Line) -> str:
    """Return the digits a person in the line's country would dial; empty: it is no number that can be dialled.

    `+8613800138000` is `13800138000` on a Chinese line and `0118613800138000` on an American one. Outside lines and area codes
    are the exchange's business.
    """
    if phone.withheld:
        return ""
    if phone.e164 is None:
        return phone.national_digits or phone.digits or phone.raw
    written = phonenumbers.format_out_of_country_calling_number(phonenumbers.parse(phone.e164), line.country)
    digits = "".join(character for character in written if character.isdigit())
    return digits if phone.country != line.country else phone.national_digits
