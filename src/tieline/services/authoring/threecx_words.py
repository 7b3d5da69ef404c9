"""3CX's expressions as references of ours. Only a plain `[Name]` is translated; what computes is refused, never imitated."""

import re
from collections.abc import Mapping
from typing import Final

_NAME: Final = re.compile(r"\[([A-Za-z_][A-Za-z0-9_]*)\]")
_LEFT: Final = re.compile(r"[\[\]]")
_FORMATTED: Final = re.compile(r'\[\[([A-Za-z]+)\]\.ToString\("([^"]+)"\)\]')
_NET_SIGNS: Final[tuple[tuple[str, str], ...]] = (
    ("yyyy", "%Y"),
    ("MM", "%m"),
    ("dd", "%d"),
    ("HH", "%H"),
    ("mm", "%M"),
    ("ss", "%S"),
)
_OTHER_SIGN: Final = re.compile(r"[A-Za-z]")
# What a scenario is given, and what it is with us. `Number` is the caller's as the PBX has it.
CALL_FIELDS: Final[Mapping[str, str]] = {
    "Agent": "agent",
    "CallStartTimeUTC": "started_at",
    "CallEndTimeUTC": "ended_at",
    "EntityId": "customer",
    "QueueExtension": "queue",
}


class NotTranslated(ValueError):
    """An expression that has no counterpart; the text says why."""


def config_name(parameter: str) -> str:
    """Return a parameter's name as a field of our form: `ApiKey` → `api_key`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", parameter)
    word = re.sub(r"[^a-z0-9_]+", "_", parted.lower()).strip("_")
    return word if word[:1].isalpha() else f"field_{word}"


def reference(text: str, known: Mapping[str, str]) -> str:
    """Return a text with each `[Name]` as a reference: whole where the text is nothing else. Raises: NotTranslated."""
    whole = _NAME.fullmatch(text)
    if whole:
        return f"${_looked_up(whole[1], known)}"
    parted = _NAME.sub(lambda found: f"${{{_looked_up(found[1], known)}}}", text.replace("$", "$$"))
    if _LEFT.search(_NAME.sub("", text)):
        raise NotTranslated("an expression that computes")
    return parted


def names_in(text: str) -> list[str]:
    """Return every plain name a text refers to."""
    return _NAME.findall(text)


def only_name(text: str) -> str | None:
    """Return the name if the text is nothing else."""
    whole = _NAME.fullmatch(text)
    return whole[1] if whole else None


def call_field(text: str) -> tuple[str, str]:
    """Return the field of a call and its codec for what ReportCall posts. Raises: NotTranslated."""
    formatted = _FORMATTED.fullmatch(text)
    name = formatted[1] if formatted else only_name(text)
    if name is None:
        raise NotTranslated("an expression that computes")
    if name not in CALL_FIELDS:
        raise NotTranslated(f"`{name}` has no exact counterpart")
    field = CALL_FIELDS[name]
    if field.endswith("_at") != bool(formatted):
        raise NotTranslated(f"the form in which `{name}` is written")
    return field, f"time({_pattern(formatted[2])}, UTC)" if formatted else ""


def _pattern(written: str) -> str:
    for theirs, ours in _NET_SIGNS:
        written = written.replace(theirs, ours)
    rest = re.sub(r"%[YmdHMS]", "", written)
    if _OTHER_SIGN.search(rest.replace("T", "").replace("Z", "")):
        raise NotTranslated("a time format with signs we do not have")
    return written


def _looked_up(name: str, known: Mapping[str, str]) -> str:
    if name not in known:
        raise NotTranslated(f"`{name}`, which comes from another step")
    return known[name]
