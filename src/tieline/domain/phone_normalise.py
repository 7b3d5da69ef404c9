"""From whatever a PBX or a CRM wrote to one number with one key, by the country of the called line."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, Self

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.shortnumberinfo import is_emergency_number

from tieline.domain.dial_plan import DialPlan, Reading, calling_code, readings, service_number, without_its_plus
from tieline.domain.line import Line
from tieline.domain.phone import SUFFIX_DIGITS, NumberKind, PhoneNumber
from tieline.domain.phone_internal import InternalNumbers
from tieline.domain.phone_renumbering import present_spellings
from tieline.domain.phone_text import Written, take_apart
from tieline.domain.withheld import WITHHELD_TOKENS

_REMEMBERED = 16_384

_KINDS: dict[int, NumberKind] = {
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.SHARED_COST: "service",
    PhoneNumberType.PREMIUM_RATE: "service",
    PhoneNumberType.UAN: "service",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "other",
    PhoneNumberType.UNKNOWN: "unknown",
}


class _Parsed(NamedTuple):
    """A number as the library reads it, with its type, which costs as much as the rest; UNKNOWN: no plan has assigned it."""

    number: phonenumbers.PhoneNumber
    kind: int

    @classmethod
    def of(cls, number: phonenumbers.PhoneNumber) -> Self:
        return cls(number, phonenumbers.number_type(number))

    @property
    def assigned(self) -> bool:
        return self.kind != PhoneNumberType.UNKNOWN


def normalise(
    raw: str | None, *, line: Line, internal: InternalNumbers | None = None, withheld: frozenset[str] = WITHHELD_TOKENS
) -> PhoneNumber:
    """Return the number `raw` stands for on this line; numbers of the house come back with kind `internal`.

    Args: withheld: the tokens that mean "number not shown", from `withheld_tokens`.
    Raises: RequestRefused(phone_invalid): letters that are no such token, more than 32 digits, or over 500 characters.
    """
    phone = read_number(raw or "", DialPlan.of(line), withheld)
    if internal is not None and phone.kind != "internal" and internal.hold(phone):
        return phone.model_copy(update={"kind": "internal"})
    return phone


def read_number(raw: str, plan: DialPlan, withheld: frozenset[str] = WITHHELD_TOKENS) -> PhoneNumber:
    """Do what `normalise` does, for a plan instead of a line and without the house's own numbers; remembered."""
    return _read(raw, plan, withheld)


@lru_cache(maxsize=_REMEMBERED)
def _read(raw: str, plan: DialPlan, withheld: frozenset[str]) -> PhoneNumber:
    written = take_apart(raw, withheld)
    if written.withheld_by is not None:
        return PhoneNumber(raw=written.withheld_by, withheld=True)
    kept = f"+{written.digits}" if written.plus else written.digits
    service = service_number(written.digits, plan)
    if service is not None:
        return _service(kept, service, plan, written.extension)
    if written.feature_code or len(written.digits) < plan.minimum_external_digits:
        return PhoneNumber(raw=kept, national=written.digits, kind="internal", extension=written.extension)
    return _external(kept, written, plan)


def equal(one: PhoneNumber, other: PhoneNumber) -> bool:
    """Say whether two numbers are the same line; extensions are compared elsewhere, withheld numbers equal nothing."""
    if one.e164 or other.e164:
        return one.e164 == other.e164
    return one.key is not None and one.key == other.key and one.country == other.country


def last8(phone: PhoneNumber) -> str | None:
    """Return the last eight digits of the national number; None below eight, where a suffix would match strangers."""
    digits = phone.digits.removeprefix(calling_code(phone.country)) if phone.e164 and phone.country else phone.digits
    return digits[-SUFFIX_DIGITS:] if len(digits) >= SUFFIX_DIGITS and phone.key else None


def warm() -> None:
    """Load every country's numbering plan (about 0.2 s), so that the first call of the day does not wait for it."""
    PhoneMetadata.load_all()
    for country in phonenumbers.SUPPORTED_REGIONS:
        example = phonenumbers.example_number(country)
        if example is not None and phonenumbers.is_valid_number(example):
            phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
    is_emergency_number("112", "CN")


def _external(kept: str, written: Written, plan: DialPlan) -> PhoneNumber:
    """The first reading in an assigned range; else one of fitting length, since plans grow; else only the digits."""
    for digits, extension in _with_and_without_tail(written):
        service = service_number(digits, plan) if digits != written.digits else None
        if service is not None:
            return _service(kept, service, plan, extension)
        for reading in readings(digits, plan, plus=written.plus):
            parsed = _assigned(reading, plan)
            if parsed is not None:
                return _number(kept, parsed, extension, guessed=_guessed(parsed.number, reading, plan))
    return _unassigned(kept, written, plan)


def _with_and_without_tail(written: Written) -> Iterator[tuple[str, str | None]]:
    """The whole first: only if no plan knows it is `-801` an extension."""
    yield written.digits, written.extension
    if written.dashed is not None:
        yield written.dashed


def _unassigned(kept: str, written: Written, plan: DialPlan) -> PhoneNumber:
    for reading in readings(written.digits, plan, plus=written.plus):
        number = _parse(reading, plan)
        if number is not None and _fits(number, reading):
            return _number(kept, _Parsed.of(number), written.extension, guessed=_guessed(number, reading, plan))
    for reading in without_its_plus(written.digits):
        parsed = _assigned(reading, plan)
        if parsed is not None:
            return _number(kept, parsed, written.extension, guessed=True)
    return PhoneNumber(raw=kept, national=written.digits, extension=written.extension, country=plan.country or None)


def _service(kept: str, number: str, plan: DialPlan, extension: str | None) -> PhoneNumber:
    return PhoneNumber(raw=kept, national=number, kind="service", country=plan.country, extension=extension, valid=True)


def _parse(reading: Reading, plan: DialPlan) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(f"+{reading.digits}" if reading.international else reading.digits, plan.country)
    except NumberParseException:
        return None


def _assigned(reading: Reading, plan: DialPlan) -> _Parsed | None:
    """Return the number a reading stands for, in its present spelling; None: no plan has assigned it."""
    number = _parse(reading, plan)
    if number is None:
        return None
    parsed = _Parsed.of(number)
    if parsed.assigned:
        return parsed
    former = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    present = (_Parsed.of(phonenumbers.parse(spelling)) for spelling in present_spellings(former))
    return next((successor for successor in present if successor.assigned), None)


def _fits(parsed: phonenumbers.PhoneNumber, reading: Reading) -> bool:
    """Say whether an unassigned number has a possible length; without country code: that of a mobile number."""
    if reading.international:
        return phonenumbers.is_possible_number_with_reason(parsed) == ValidationResult.IS_POSSIBLE
    taken_off = len(reading.digits) - len(phonenumbers.national_significant_number(parsed))
    length = phonenumbers.is_possible_number_for_type_with_reason(parsed, PhoneNumberType.MOBILE)
    return length == ValidationResult.IS_POSSIBLE and taken_off <= 1


def _guessed(parsed: phonenumbers.PhoneNumber, reading: Reading, plan: DialPlan) -> bool:
    """Say whether the country is not written: neither plus nor `86138…` nor an exit code such as `011…`."""
    if not reading.guessed or str(parsed.country_code) != plan.calling_code:
        return False
    return reading.digits != f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"


def _number(kept: str, parsed: _Parsed, extension: str | None, *, guessed: bool) -> PhoneNumber:
    number = parsed.number
    country = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(number.country_code or 0)
    return PhoneNumber(
        raw=kept,
        e164=f"+{number.country_code}{phonenumbers.national_significant_number(number)}",
        national=phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
        kind=_KINDS.get(parsed.kind, "other"),
        country=country if country and country.isalpha() else None,
        extension=extension,
        valid=parsed.assigned,
        assumed_country=guessed,
    )
