"""The forms in which vendors want a number. One that a number does not have means that there is nothing to ask for."""

from collections.abc import Callable, Mapping
from typing import Final

from tieline.domain.dial_plan import calling_code
from tieline.domain.errors import RequestRefused
from tieline.domain.line import Line
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import normalise


def read_phone(value: object, country: str) -> PhoneNumber:
    """Return a number given as such or as text, `country` being where it is dialled. Raises: ValueError: it is no number."""
    if isinstance(value, PhoneNumber):
        return value
    try:
        return normalise(str(value), line=Line(number="", name="", country=country))
    except RequestRefused as exc:
        raise ValueError("not a phone number") from exc


def _digits(text: str | None) -> str | None:
    return "".join(filter(str.isdecimal, text)) or None if text else None


def _national(phone: PhoneNumber) -> str | None:
    return _digits(phone.national)


def _with_extension(phone: PhoneNumber) -> str | None:
    digits = _national(phone)
    return f"{digits}-{phone.extension}" if digits and phone.extension else digits


def _trunk(phone: PhoneNumber) -> str | None:
    digits = _national(phone)
    return digits if digits is None or digits.startswith("0") else f"0{digits}"


# `national` is how the country dials: in China a landline has its area code (01065529988), a mobile number no zero.
PHONE_FORMS: Final[Mapping[str, Callable[[PhoneNumber], str | None]]] = {
    "e164": lambda phone: phone.e164,
    "digits": lambda phone: _digits(phone.e164 or phone.raw),
    "international": lambda phone: f"00{_digits(phone.e164)}" if phone.e164 else None,
    "national": _national,
    "trunk": _trunk,
    "national_extension": _with_extension,
    "calling_code": lambda phone: calling_code(phone.country) or None if phone.country else None,
    "country": lambda phone: phone.country,
    "extension": lambda phone: phone.extension,
    "raw": lambda phone: phone.raw or None,
}
