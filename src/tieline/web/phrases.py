"""The sentences the server writes into a pop, in every language of the desk, so that a page can say them in the agent's.

A pop travels with its sentences already made. The scripts recognise one by its pattern, take the values out, and say it again.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from tieline.domain.match_reasons import REASONS, Language

FILE: Final = "messages/phrases.json"
_LANGUAGES: Final[Mapping[Language, str]] = {"en": "en", "zh": "zh-CN"}
_WORDS: Final[Iterable[Mapping[Language, str]]] = ({"en": "ticket", "zh": "工单"}, {"en": "note", "zh": "备注"})


def phrases() -> list[dict[str, str]]:
    """Return every sentence by the page's language codes; `{name}` stands for a value."""
    sentences = [*REASONS.values(), *_WORDS]
    return [{_LANGUAGES[language]: text for language, text in sentence.items()} for sentence in sentences]


def phrase_file() -> bytes:
    """Return the catalogue as the scripts load it."""
    return orjson.dumps(phrases())
