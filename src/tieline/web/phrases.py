"""The sentences the server writes into a pop, in every language of the desk, so that a page can say them in the agent's.

A pop travels with its sentences already made. The scripts recognise one by its pattern, take the values out, and say it again.
"""

from collections.abc import Mapping
from typing import Final

import orjson

from tieline.domain.match_reasons import REASONS, Language

FILE: Final = "messages/phrases.json"
_LANGUAGES: Final[Mapping[Language, str]] = {"en": "en", "zh": "zh-CN"}
_WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "word_ticket": {"en": "ticket", "zh": "工单"},
    "word_note": {"en": "note", "zh": "备注"},
}


def phrases() -> list[dict[str, str]]:
    """Return every sentence by the page's language codes, and its code; `{name}` stands for a value."""
    return [
        {"code": code, **{_LANGUAGES[language]: text for language, text in sentence.items()}}
        for code, sentence in {**REASONS, **_WORDS}.items()
    ]


def phrase_file() -> bytes:
    """Return the catalogue as the scripts load it."""
    return orjson.dumps(phrases())
