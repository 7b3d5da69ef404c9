"""What was written where a number is expected, taken apart: digits, plus sign, extension.

Steps 1 and 2 of the number rules: schemes, display names, parameters, full-width and Arabic digits, zero-width characters,
separators, and an extension in any of its spellings. No numbering plan is consulted here.
"""

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import unquote

from tieline.domain.errors import RequestRefused
from tieline.domain.withheld import withheld_by_marking, withheld_by_word

MOST_DIGITS = 32
MOST_CHARACTERS = 500
FEWEST_MAIN_DIGITS = 3

_BARE = re.compile(r"\+?[0-9]{6,32}")
_BRACKETS = re.compile(r"<([^<>]*)>")
_DISPLAY_NAME = re.compile(r'^\s*"[^"]*"\s*')
_SCHEME = re.compile(r"^\s*(sips?|tel|callto|phone|h323)\s*:\s*(?://)?")
_CONTEXT = re.compile(r";\s*phone-context\s*=\s*(\+[\d.()-]+)")
_EXTENSION = re.compile(
    r"""(?: ; \s* (?:ext|isub|postd) \s* = \s* [pw]*        # RFC 3966
          | [(\[]? \s* (?:extension|extn?|durchwahl|poste|anexo|ramal|доб) \s* [.:=]?
          | (?<![a-z]) [(\[]? x \s* [.:]?
          | (?:转|轉)? \s* (?:转|轉|分机号?|分機號?|内线|內線) \s* :?
          | (?<=\d) \s* [pw]+                                  # pauses of a dial string
          | \#+ | ,+ )
        \s* (\d{1,7}) \s* \#? \s* [)\]]? \s* $""",
    re.VERBOSE,
)
_PARAMETERS = re.compile(r"[;?].*$", re.DOTALL)
_LAST_DASH = re.compile(r"^(.*\d[\s)]*)-\s*(\d{1,6})$", re.DOTALL)
_PLUS_FIRST = re.compile(r"^[^\d+]*(?:0{1,2}[^\d+]*)?\+")
_FEATURE_CODE = re.compile(r"^\s*[*#]+\s*\d")
_LETTER = re.compile(r"[^\W\d_]")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−⸺⸻ーｰ﹣", "-"))


class Written(NamedTuple):
    """What was written. `dashed` are digits and tail if it ends in `-801`; only a plan can tell whether that is an extension."""

    digits: str
    plus: bool = False
    extension: str | None = None
    dashed: tuple[str, str] | None = None
    withheld_by: str | None = None
    feature_code: bool = False


def take_apart(raw: str, tokens: frozenset[str]) -> Written:
    """Read any spelling of a number.

    Raises: RequestRefused(phone_invalid): letters that are no withheld token, more than 32 digits, or over 500 characters.
    """
    if len(raw) > MOST_CHARACTERS:
        raise _refusal()
    if _BARE.fullmatch(raw):
        return _bare(raw, tokens)
    text = _plain(raw)
    hidden = withheld_by_marking(text)
    if hidden is not None:
        return Written("", withheld_by=hidden)
    text = _user_part(text)
    hidden = withheld_by_word(_PARAMETERS.sub("", text), tokens)
    return Written("", withheld_by=hidden) if hidden is not None else _digits_of(text, tokens)


def _bare(raw: str, tokens: frozenset[str]) -> Written:
    """The usual case, digits alone, without the long way round."""
    hidden = withheld_by_word(raw, tokens)
    return Written("", withheld_by=hidden) if hidden is not None else Written(raw.removeprefix("+"), plus=raw[0] == "+")


def _digits_of(text: str, tokens: frozenset[str]) -> Written:
    main, extension = _split_extension(text)
    main = _PARAMETERS.sub("", main)
    if _LETTER.search(main):
        raise _refusal()
    digits = _only_digits(main)
    if len(digits) + len(extension or "") > MOST_DIGITS:
        raise _refusal()
    hidden = withheld_by_word(digits, tokens)
    if hidden is not None:
        return Written("", withheld_by=hidden)
    return Written(
        digits,
        plus=_PLUS_FIRST.match(main) is not None,
        extension=extension,
        dashed=None if extension else _dashed(main),
        feature_code=_FEATURE_CODE.match(main) is not None,
    )


def _plain(raw: str) -> str:
    """Compatibility forms, Arabic digits and dashes become ASCII; control and zero-width characters go; lower case."""
    if raw.isascii():
        return " ".join(raw.split()).lower()
    text = unicodedata.normalize("NFKC", raw.translate(_DASHES)).translate(_DASHES)
    kept = (_ascii_digit(character) for character in text if not _is_invisible(character))
    return " ".join("".join(kept).split()).lower()


def _is_invisible(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character) in {"Cf", "Cc", "Mn", "Me"}


def _ascii_digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _user_part(text: str) -> str:
    """Leave what stands for the number itself in a SIP or tel address, with its parameters."""
    bracketed = _BRACKETS.search(text)
    text = bracketed.group(1) if bracketed else _DISPLAY_NAME.sub("", text)
    text = _SCHEME.sub("", text)
    if "@" in text:
        text = text.partition("@")[0].partition(":")[0]
    if "%" in text:
        text = unquote(text, errors="replace").lower()
    context = _CONTEXT.search(text)
    return f"{context.group(1)} {text}" if context and "+" not in text[: context.start()] else text


def _split_extension(text: str) -> tuple[str, str | None]:
    found = _EXTENSION.search(text)
    if found is None or len(_only_digits(text[: found.start()])) < FEWEST_MAIN_DIGITS:
        return text, None
    return text[: found.start()], found.group(1)


def _dashed(main: str) -> tuple[str, str] | None:
    found = _LAST_DASH.match(main.strip())
    return (_only_digits(found.group(1)), found.group(2)) if found else None


def _only_digits(text: str) -> str:
    return "".join(filter("0123456789".__contains__, text))


def _refusal() -> RequestRefused:
    return RequestRefused("this is not a telephone number", code="phone_invalid")
