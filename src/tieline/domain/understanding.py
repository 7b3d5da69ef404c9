"""The mood of a text, by words: pure rules over words somebody else has cut and listed.

A word that denies, up to three words in front in the same clause, turns a mood around; two of them cancel out. What pulls both
ways, with a word of contrast between, is neutral.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Sentiment = Literal["positive", "neutral", "negative"]
REACH: Final = 3


@dataclass(frozen=True, slots=True)
class Cut:
    """A text, its words, and where each begins."""

    text: str
    words: tuple[str, ...]
    begins: tuple[int, ...]

    def in_front(self, place: int, *, most: int, ends: re.Pattern[str]) -> Sequence[str]:
        """Return the words in front of a place, `most` at most, of the clause it stands in. `ends`: what ends a clause."""
        last = bisect_left(self.begins, place)
        first = max(0, last - most)
        begun = max((match.end() for match in ends.finditer(self.text, self.begins[first], place)), default=0) if last else 0
        return self.words[max(first, bisect_left(self.begins, begun)) : last]


@dataclass(frozen=True, slots=True)
class Moods:
    """Words with a mood as one pattern each, the words that deny or contrast, and what ends a clause."""

    positive: re.Pattern[str]
    negative: re.Pattern[str]
    negations: frozenset[str]
    contrast: re.Pattern[str]
    ends: re.Pattern[str]


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
    words = cut.in_front(start, most=REACH, ends=moods.ends)
    return sum(word in moods.negations for word in words) % 2 == 1
