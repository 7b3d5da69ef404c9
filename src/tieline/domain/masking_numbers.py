"""Masks for things made of digits and letters: telephone numbers, identity documents, cards, plates, dates.

Each mask leaves its own output unchanged, hides at least four characters or everything, and never shows more of a short value
than of a long one. Formats: behaviour rule book for security and privacy, section 5.2.
"""

import ipaddress
import re
import unicodedata
from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

HIDDEN = "****"
FEWEST_HIDDEN = 4
_SEVEN = 7

_KEPT = re.compile(r"[^0-9A-Za-z\u3400-\u9fff+*]")
_CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}")
_CHINESE_LANDLINE = re.compile(r"(0(?:10|2\d|[3-9]\d{2}))(\d{7,8})")
_CHINA = "86"
_USUAL_MOBILE = re.compile(r"(\+86)?(1[3-9]\d)\d{4}(\d{4})", re.ASCII)
_MASKED_PHONE = re.compile(
    r"(?:\+86 )?1[3-9]\d\*{4}\d{4}|(?:\+86 \d{2,3}|0\d{2,3})-\*{4}\d{3,4}|(?:\+\d{1,3} )?\*{4,}\d{1,4}|\*+\d?"
)
_MASKED_PHONE_STRICT = re.compile(r"\*{4,}\d{1,4}|\*+")
_IDENTITY_CARD = re.compile(r"\d{17}[\dX]|\d{15}")
_PLATE = re.compile(r"[\u4e00-\u9fff][A-Z][0-9A-Z]{4,5}[0-9A-Z\u4e00-\u9fff]")
_EXTENSION = re.compile(r"\s*(?:ext|x|转|轉|分机|#|;|,)", re.IGNORECASE)
_YEAR = re.compile(r"\D*((?:18|19|20)\d{2})(?:\D|\d{4}(?!\d)|$)")


def plain(value: str) -> str:
    """Full-width forms and other scripts' digits become ASCII, spaces and separators go, letters become capitals."""
    if value.isascii():
        return _KEPT.sub("", value).upper()
    text = "".join(str(unicodedata.decimal(character, character)) for character in unicodedata.normalize("NFKC", value))
    return _KEPT.sub("", text.upper())


def ends(text: str, first: int, last: int, *, stars: int | None = None) -> str:
    """Show so many characters at each end; everything is hidden if fewer than four would be left to hide."""
    hidden = len(text) - first - last
    if hidden < FEWEST_HIDDEN:
        return "*" * max(len(text), 1)
    return f"{text[:first]}{'*' * (stars or hidden)}{text[len(text) - last :]}"


def phone(value: str) -> str:
    """`138****8000`, `+86 138****8000`, `010-****5678`, `+1 ******1234`."""
    usual = _USUAL_MOBILE.fullmatch(value)
    if usual:
        return f"{'+86 ' if usual[1] else ''}{usual[2]}****{usual[3]}"
    text = value.strip()
    if _MASKED_PHONE.fullmatch(text):
        return text
    code, digits = _calling_code(_without_extension(text))
    if code in {"", _CHINA}:
        chinese = _chinese(digits, "+86 " if code else "")
        if chinese is not None:
            return chinese
    if len(code + digits) < _SEVEN:
        return _all_but_last(code + digits, 1)
    shown = min(4, len(digits) - FEWEST_HIDDEN)
    tail = ends(digits, 0, shown) if shown > 0 else "*" * max(FEWEST_HIDDEN, len(digits))
    return f"+{code} {tail}" if code else tail


def phone_strict(value: str) -> str:
    """`*******8000`, `****5678`; the last two digits of a foreign number."""
    text = value.strip()
    if _MASKED_PHONE_STRICT.fullmatch(text):
        return text
    code, digits = _calling_code(_without_extension(text))
    if code in {"", _CHINA} and _CHINESE_MOBILE.fullmatch(digits):
        return f"*******{digits[-4:]}"
    if code in {"", _CHINA} and _landline(digits, code):
        return HIDDEN + digits[-4:]
    return _all_but_last(code + digits, 2 if len(code + digits) >= _SEVEN else 0)


def identity_card(value: str) -> str:
    """`110101********1234`; fifteen digits: first six and last three. A wrong check digit changes nothing."""
    text = plain(value)
    if _IDENTITY_CARD.fullmatch(text) or re.fullmatch(r"\d{6}(?:\*{8}\d{3}[\dX]|\*{6}\d{3})", text):
        return ends(text, 6, 4 if len(text) == 18 else 3)  # noqa: PLR2004 - the length of a second-generation number
    return ends(text, 1, 1)


def identity_card_strict(value: str) -> str:
    """`1****************4`."""
    return ends(plain(value), 1, 1)


def last_four(value: str) -> str:
    """Only the last four, for comparing with what the caller says."""
    return ends(plain(value), 0, 4)


def passport(value: str) -> str:
    """`E*****678`, permits for Hong Kong, Macau and Taiwan alike."""
    return ends(plain(value), 1, 3)


def passport_strict(value: str) -> str:
    """All but the last."""
    return ends(plain(value), 0, 1)


def bank_card(value: str) -> str:
    """`**** **** **** 1234`, whatever the length."""
    text = plain(value)
    return f"**** **** **** {text[-4:]}" if len(text) >= FEWEST_HIDDEN * 2 and text[-4:].isalnum() else "*" * max(len(text), 1)


def bank_card_strict(value: str) -> str:
    """All but the last two."""
    return ends(plain(value), 0, 2)


def plate(value: str) -> str:
    """`京A***56`; four hidden on an eight-character new-energy plate."""
    text = plain(value)
    if re.fullmatch(r"[\u4e00-\u9fff][A-Z]\*{3,4}[0-9A-Z\u4e00-\u9fff]{2}", text):
        return text
    return f"{text[:2]}{'*' * (len(text) - 4)}{text[-2:]}" if _PLATE.fullmatch(text) else HIDDEN


def plate_strict(value: str) -> str:
    """`京*****`: the province."""
    text = plain(value)
    return f"{text[0]}*****" if _PLATE.fullmatch(text) or re.fullmatch(r"[\u4e00-\u9fff]\*{5}", text) else HIDDEN


def birth_date(value: str) -> str:
    """`1990-**-**`, from any order that begins with the year."""
    found = _YEAR.match(unicodedata.normalize("NFKC", value).strip())
    return f"{found.group(1)}-**-**" if found else HIDDEN


def network_address(value: str) -> str:
    """`203.0.113.*`; IPv6: the /48 it lies in."""
    text = value.strip()
    if re.fullmatch(r"(?:\d{1,3}\.){3}\*", text):
        return text
    try:
        network = ipaddress.ip_interface(text.partition("%")[0]).network
    except ValueError:
        return HIDDEN
    if isinstance(network, ipaddress.IPv4Network):
        return str(network.network_address).rpartition(".")[0] + ".*"
    return str(network.supernet(new_prefix=48)) if network.prefixlen > 48 else str(network)  # noqa: PLR2004 - a site's prefix


def tax_number(value: str) -> str:
    """`9111********1234`."""
    return ends(plain(value), 4, 4, stars=8)


def tax_number_strict(value: str) -> str:
    """`****1234`."""
    return ends(plain(value), 0, 4, stars=4)


def postal_code(value: str) -> str:
    """`10****`: the province."""
    return ends(plain(value), 2, 0)


def _without_extension(text: str) -> str:
    main = plain(_EXTENSION.split(text, maxsplit=1)[0])
    return main if len(main) >= _SEVEN else plain(text)


def _chinese(digits: str, prefix: str) -> str | None:
    if _CHINESE_MOBILE.fullmatch(digits):
        return f"{prefix}{digits[:3]}****{digits[-4:]}"
    landline = _landline(digits, prefix)
    if landline is None:
        return None
    area, subscriber = landline.groups()
    return f"{prefix}{area[1:] if prefix else area}-****{subscriber[4:]}"


def _landline(digits: str, code: str) -> re.Match[str] | None:
    """The area code needs its 0, or a country code before it."""
    return _CHINESE_LANDLINE.fullmatch(f"0{digits}" if code and digits[:1] != "0" else digits)


def _calling_code(text: str) -> tuple[str, str]:
    """Part the calling code from the rest; no code if none is written. `text` is plain."""
    digits = "".join(character for character in text if character in "0123456789*")
    international = text.startswith("+")
    if digits.startswith("00"):
        digits, international = digits[2:], True
    if digits.startswith(_CHINA) and _CHINESE_MOBILE.fullmatch(digits[2:]):
        return _CHINA, digits[2:]
    if digits.startswith("0") and _CHINESE_MOBILE.fullmatch(digits[1:]):
        return "", digits[1:]
    code = _code_at_the_front(digits) if international else ""
    return code, digits[len(code) :]


def _code_at_the_front(digits: str) -> str:
    return next((digits[:length] for length in (1, 2, 3) if digits[:length] in _codes()), "")


@cache
def _codes() -> frozenset[str]:
    return frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)


def _all_but_last(digits: str, shown: int) -> str:
    hidden = len(digits) - shown
    return "*" * hidden + digits[hidden:] if shown and hidden >= FEWEST_HIDDEN else HIDDEN
