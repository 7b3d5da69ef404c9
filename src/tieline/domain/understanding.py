"""The mood of a text, and what it is about, by words: pure rules over words somebody else has cut and listed.

A word that denies, up to three words in front, turns a mood around; two of them cancel out. What pulls both ways, with a word of
contrast between, is neutral.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Sentiment = Literal["positive", "neutral", "negative"]
REACH: Final = 3
MOST_CAUSES: Final = 3


@dataclass(frozen=True, slots=True)
class Cut:
    """A text, its words, and where each begins."""

    text: str
    words: tuple[str, ...]
    begins: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Moods:
    """Words with a mood as one pattern each, and the words that deny or contrast."""

    positive: re.Pattern[str]
    negative: re.Pattern[str]
    negations: frozenset[str]
    contrast: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A cause, and the words that led to it."""

    cause: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text says."""

    sentiment: Sentiment
    causes: tuple[Suggestion, ...]


def sentiment_of(cut: Cut, moods: Moods) -> Sentiment:
    """Return the mood of a text."""
    found = _found(cut, moods)
    weight = sum(-sign if _is_denied(cut, start, moods) else sign for start, sign in found)
    signs = {sign for _, sign in found}
    if signs == {1, -1} and moods.contrast.search(cut.text):
        return "neutral"
    return "positive" if weight > 0 else "negative" if weight < 0 else "neutral"


def causes_of(cut: Cut, causes: Mapping[str, re.Pattern[str]]) -> tuple[Suggestion, ...]:
    """Return the causes a text names, those with most words first, three at most."""
    found = {name: tuple(dict.fromkeys(match[0] for match in pattern.finditer(cut.text))) for name, pattern in causes.items()}
    ranked = sorted((name for name, words in found.items() if words), key=lambda name: -len(found[name]))
    return tuple(Suggestion(name, found[name]) for name in ranked[:MOST_CAUSES])


def _found(cut: Cut, moods: Moods) -> Sequence[tuple[int, int]]:
    """Return where words with a mood begin, and their sign. Of two that overlap the longer counts.

    A single character counts as a word of its own only: there is nothing fast about 快递, a courier.
    """
    both = ((moods.positive, 1), (moods.negative, -1))
    found = ((match, sign) for pattern, sign in both for match in pattern.finditer(cut.text))
    alone = {place for place, word in zip(cut.begins, cut.words, strict=True) if len(word) == 1}
    spans = [(m.start(), m.end(), sign) for m, sign in found if m.end() - m.start() > 1 or m.start() in alone]
    taken = bytearray(len(cut.text))
    kept: list[tuple[int, int]] = []
    for start, end, sign in sorted(spans, key=lambda one: (one[0] - one[1], one[0])):
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            kept.append((start, sign))
    return sorted(kept)


def _is_denied(cut: Cut, start: int, moods: Moods) -> bool:
    place = bisect_left(cut.begins, start)
    return sum(word in moods.negations for word in cut.words[max(0, place - REACH) : place]) % 2 == 1
