"""How exchanges say that the caller does not show the number."""

import re
from collections.abc import Iterable

_PRIVACY = re.compile(r"\bprivacy\s*[:=]\s*\"?\s*(?:id|user|header|full|uri)\b")
"""RFC 3323 (user, header), RFC 3325 (id); full and uri stand in the older Remote-Party-ID header."""
_ANONYMOUS_HOST = re.compile(r"@anonymous\.invalid\b")
"""RFC 3323, 4.1.1.3: the host an anonymous From header carries, whatever stands before it."""
_MASKED = re.compile(r"\d\s*\*{2,}\s*\d")
"""Some platforms hide the middle: 138****8000. The digits that are left must never be looked up."""

KEYPAD_SPELLINGS = ("266696687", "7378742833", "86282452253", "2562533", "8656696")
"""ANONYMOUS, RESTRICTED, UNAVAILABLE, BLOCKED, UNKNOWN as typed on a keypad; carriers send them as if they were numbers."""

WITHHELD_WORDS = (
    "anonymous",
    "restricted",
    "private",
    "private number",
    "private caller",
    "withheld",
    "number withheld",
    "unavailable",
    "not available",
    "unknown",
    "unknown number",
    "blocked",
    "no caller id",
    "no number",
    "out of area",
    "hidden",
    "asterisk",
    "匿名",
    "匿名号码",
    "匿名来电",
    "隐藏",
    "隐藏号码",
    "号码隐藏",
    "未知",
    "未知号码",
    "未知来电",
    "私人号码",
    "保密号码",
    "无主叫",
)


def fold_token(text: str) -> str:
    """Return letters and digits only, without case: `<Unknown>` and `unknown` are one token."""
    return "".join(filter(str.isalnum, text.casefold()))


def withheld_tokens(words: Iterable[str]) -> frozenset[str]:
    """Build the list `normalise` takes, from words as an administrator writes them."""
    return frozenset(fold_token(word) for word in words) - {""}


WITHHELD_TOKENS = withheld_tokens((*WITHHELD_WORDS, *KEYPAD_SPELLINGS))


def withheld_by_marking(text: str) -> str | None:
    """Say which marking hides the number, whatever digits stand beside it; None: none. `text` is lower-case."""
    if "privacy" in text and _PRIVACY.search(text):
        return "privacy:id"
    if _ANONYMOUS_HOST.search(text):
        return "anonymous"
    return "masked" if "*" in text and _MASKED.search(text) else None


def withheld_by_word(text: str, tokens: frozenset[str]) -> str | None:
    """Say which token the text is: a listed word, a keypad spelling with or without `+1`, only zeros, or nothing at all."""
    folded = fold_token(text)
    if folded in tokens or not folded.strip("0"):
        return folded
    return folded[1:] if folded.isdigit() and folded[0] == "1" and folded[1:] in tokens else None
