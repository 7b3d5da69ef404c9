"""Masks for things made of words: names, e-mail addresses, postal addresses, names on a network, secrets.

Each mask leaves its own output unchanged. Formats: rule book for security and privacy, section 5.2.
"""

import re
import unicodedata
from functools import lru_cache

from tieline.domain.masking_numbers import FEWEST_HIDDEN, HIDDEN
from tieline.domain.people_names import COMPOUND_SURNAMES, surname_of

_EAST_ASIAN = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]")
_USUAL_CHINESE = re.compile(r"[\u4e00-\u9fff]{2,4}")
_DOTS = re.compile(r"[·•‧・．∙⋅]")
_REMARK = re.compile(r"[(\[【（].*", re.DOTALL)
_MASKED_CHINESE = re.compile(r"(.{1,2}?)(\*{1,2})")
_WORD = re.compile(r"\S+")
_HOST = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*")
_LONGEST_HOST = 255

_PART = r"[^\W\d_路街巷弄号栋楼室]"
_PLACES = re.compile(
    rf"({_PART}{{2,8}}?(?:省|特别行政区|(?<!治)自治区))?({_PART}{{1,8}}?(?:市|自治州|地区|盟))?"
    rf"({_PART}{{1,8}}?(?:(?<![小社校院园景])区|县|旗|市))?"
)
_FIRST_LETTERS = 6
_STREET = re.compile(r"[\d路街巷弄号栋楼室]")
_TOKEN_PREFIX = re.compile(r"([A-Za-z]{2,8}_)?.*?([A-Za-z0-9]{4})", re.DOTALL)
_MASKED_TOKEN = re.compile(r"(?:[A-Za-z]{2,8}_)?…(?:[A-Za-z0-9]{4})?")
_SHORTEST_SECRET = 20


def name(value: str) -> str:
    """`张*`, `欧阳**`, `J*** S***`; a name with a dot shows its first character only."""
    if _USUAL_CHINESE.fullmatch(value):
        surname = surname_of(value)
        return surname + "*" * min(2, len(value) - len(surname))
    text = _REMARK.sub("", unicodedata.normalize("NFKC", value)).strip()
    if not _EAST_ASIAN.search(text):
        return (" ".join(f"{initial}***" for initial in _initials(text)) if len(text) > 1 else "") or "*"
    return _east_asian(text)


def name_strict(value: str) -> str:
    """`**`; the initials of a name of several words in letters."""
    text = _REMARK.sub("", unicodedata.normalize("NFKC", value)).strip()
    if _EAST_ASIAN.search(text) or set(text) <= {"*"}:
        return "**"
    initials = _initials(text)
    return " ".join(initials) if len(initials) > 1 else "**"


def email(value: str) -> str:
    """`z***@example.com`; what stands after a plus goes, a local part of one character is hidden."""
    local, host = _parts(value)
    if host is None:
        return HIDDEN
    first = next((character for character in local if character.isalnum()), "")
    return f"{first}***@{host}" if first and len(local) > 1 else f"*@{host}"


def email_strict(value: str) -> str:
    """`***@***.com`."""
    text = value.strip()
    if re.fullmatch(r"\*{3}@\*{3}(?:\.[^\W_]+)?", text):
        return text
    _, host = _parts(value)
    top = host.rpartition(".")[2] if host and "." in host else ""
    return f"***@***.{top}" if top.isalnum() else "***@***"


@lru_cache(maxsize=1024)
def address(value: str) -> str:
    """`北京市海淀区****`: province, city, district; never a street or a number."""
    text = _address_text(value)
    kept = _PLACES.match(text)
    if kept is not None and kept.group():
        return kept.group() + HIDDEN
    first = text[:_FIRST_LETTERS]
    goes_on = len(text) > len(first) or "*" in value
    readable = goes_on and _EAST_ASIAN.search(first) and not _STREET.search(text[: _FIRST_LETTERS + 1])
    return (first if readable else "") + HIDDEN


def address_strict(value: str) -> str:
    """`北京市****`: the province, or the city that is one."""
    kept = _PLACES.match(_address_text(value))
    return ((kept.group(1) or kept.group(2) or "") if kept else "") + HIDDEN


def social_id(value: str) -> str:
    """First two, `***`, last one; everything of a short one."""
    text = "".join(value.split())
    if re.fullmatch(r"[^*]{2}\*{3}[^*]", text):
        return text
    shown = len(text) >= FEWEST_HIDDEN + 3 and "*" not in text[:2] + text[-1:]
    return f"{text[:2]}***{text[-1]}" if shown else "***"


def secret(value: str) -> str:
    """`whsec_…abcd`: kind and last four of a long secret, nothing of a short one."""
    text = value.strip()
    if _MASKED_TOKEN.fullmatch(text):
        return text
    found = _TOKEN_PREFIX.fullmatch(text) if len(text) >= _SHORTEST_SECRET else None
    return f"{found.group(1) or ''}…{found.group(2)}" if found else "…"


def hidden(_value: str) -> str:
    """Show nothing, not even the length."""
    return HIDDEN


def _east_asian(text: str) -> str:
    masked = _MASKED_CHINESE.fullmatch(text)
    if masked and (len(masked.group(1)) == 1 or masked.group(1) in COMPOUND_SURNAMES):
        return text
    characters = "".join(_EAST_ASIAN.findall(text))
    if _DOTS.search(text):
        return f"{characters[0]}**"
    surname = surname_of(characters)
    rest = len(characters) - len(surname) + text.count("*")
    return surname + "*" * min(2, rest) if rest > 0 else "*"


def _initials(text: str) -> list[str]:
    firsts = (next((character for character in word if character.isalpha()), "") for word in _WORD.findall(text))
    return [first for first in firsts if first]


def _parts(value: str) -> tuple[str, str | None]:
    local, at, host = unicodedata.normalize("NFKC", value).strip().rpartition("@")
    host = host.strip().lower()
    return local.strip('" ').partition("+")[0], host if at and len(host) <= _LONGEST_HOST and _HOST.fullmatch(host) else None


def _address_text(value: str) -> str:
    return "".join(unicodedata.normalize("NFKC", value).split()).partition("*")[0]
