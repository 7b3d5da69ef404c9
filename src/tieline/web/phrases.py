"""The sentences the server writes into a pop, in every language of the desk, so that a page can say them in the agent's.

A pop travels with its sentences already made. The scripts recognise one by its pattern, take the values out, and say it again.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from tieline.domain.actions import LOCK_REASONS
from tieline.domain.hint_texts import HINT_TEXTS
from tieline.domain.match_reasons import REASONS, Language

FILE: Final = "messages/phrases.json"
_LANGUAGES: Final[Mapping[Language, str]] = {"en": "en", "zh": "zh-CN"}
_WORDS: Final[Sequence[Mapping[Language, str]]] = ({"en": "ticket", "zh": "工单"}, {"en": "note", "zh": "备注"})


def phrases() -> list[dict[str, str]]:
    """Return every sentence by the page's language codes, reasons of a match with their code; `{name}` stands for a value."""
    reasons = [{"code": code, **_by_page_language(reason)} for code, reason in REASONS.items()]
    others = (*HINT_TEXTS.values(), *LOCK_REASONS.values(), *_WORDS)
    return [*reasons, *(_by_page_language(sentence) for sentence in others)]


def _by_page_language(sentence: Mapping[Language, str]) -> dict[str, str]:
    return {_LANGUAGES[language]: text for language, text in sentence.items()}


def phrase_file() -> bytes:
    """Return the catalogue as the scripts load it."""
    return orjson.dumps(phrases())
