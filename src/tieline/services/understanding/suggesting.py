"""Suggest what a text means, by the company's tree of causes and the lexicon."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from tieline.domain.survey import SurveyLanguage
from tieline.domain.understanding import Understood, sentiment_of
from tieline.domain.understanding_causes import CauseWords, causes_of
from tieline.services.directory import Directory
from tieline.services.understanding.policy_file import CauseEntry, CausesEntry
from tieline.services.understanding.words import Tongue, cut, moods_of, pattern_of, signs_of, tongue_of, usual_causes

KIND: Final = "causes"
"""The kind of the rules among the house rules."""
SPOKEN: Final[Mapping[Tongue, SurveyLanguage]] = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True)
class CauseBook:
    """The tree that holds, its version, and what finds each cause, by language."""

    entry: CausesEntry
    version: int
    words: Mapping[Tongue, Mapping[str, CauseWords]]

    def understand(self, text: str) -> Understood:
        """Return the mood of a text and the causes it names."""
        tongue, told = tongue_of(text), cut(text)
        return Understood(sentiment_of(told, moods_of(tongue)), causes_of(told, self.words[tongue], signs_of(tongue)))


def book_of(directory: Directory) -> CauseBook:
    """Return the tree that holds: the company's own, else the usual one."""
    document = directory.policies.get(KIND) or usual_causes()
    return _compiled(orjson.dumps(document), directory.policy_versions.get(KIND, 0))


def by_rules(directory: Directory, text: str | None) -> dict[str, Any] | None:
    """Return what a text means by our own rules, as it is kept; None: there is no text."""
    if not text:
        return None
    book = book_of(directory)
    return document_of(book.understand(text), by=f"rules:{book.version}")


def document_of(understood: Understood, *, by: str) -> dict[str, Any]:
    """Return what was understood as it is kept. `by`: `rules:<version of the tree>`, or a connection."""
    causes = [{"id": one.cause, "because": list(one.because)} for one in understood.causes]
    return {"sentiment": understood.sentiment, "causes": causes, "by": by}


@lru_cache(maxsize=4)
def _compiled(document: bytes, version: int) -> CauseBook:
    loaded: dict[str, Any] = orjson.loads(document)
    entry = CausesEntry.model_validate(loaded)
    listed = {name: cause for name, cause in entry.causes.items() if cause.words or cause.undone}
    return CauseBook(entry, version, {tongue: _words(listed, tongue) for tongue in SPOKEN})


def _words(causes: Mapping[str, CauseEntry], tongue: Tongue) -> Mapping[str, CauseWords]:
    spoken = SPOKEN[tongue]
    return {
        name: CauseWords(pattern_of(cause.words.get(spoken, ()), tongue), pattern_of(cause.undone.get(spoken, ()), tongue))
        for name, cause in causes.items()
    }
