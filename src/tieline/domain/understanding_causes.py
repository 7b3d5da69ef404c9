"""What a text is about, by words. A word of a deed ("solved") names its cause only where the deed is not done.

Of several deeds the last tells how it ended. Not done is what its clause denies, asks or wishes for in front of the word; where
what follows says that it is done (解决了: a denial and 了 exclude each other), what stands in front is about something else.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tieline.domain.understanding import Cut, Suggestion

MOST_CAUSES: Final = 3
FARTHEST: Final = 8
"""Words in front of a deed that are looked at."""


@dataclass(frozen=True, slots=True)
class CauseWords:
    """What finds one cause: words that name it, and deeds that name it where they are not done."""

    named: re.Pattern[str]
    undone: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells whether a deed is done: words in front that deny or wish, what follows one that is, and where clauses end."""

    undone: frozenset[str]
    done: re.Pattern[str]
    ends: re.Pattern[str]


def causes_of(cut: Cut, causes: Mapping[str, CauseWords], signs: Signs) -> tuple[Suggestion, ...]:
    """Return the causes a text names, those with most words first, three at most."""
    found = {name: tuple(dict.fromkeys(_because(cut, words, signs))) for name, words in causes.items()}
    ranked = sorted((name for name, words in found.items() if words), key=lambda name: -len(found[name]))
    return tuple(Suggestion(name, found[name]) for name in ranked[:MOST_CAUSES])


def _because(cut: Cut, words: CauseWords, signs: Signs) -> Iterator[str]:
    """Yield words that name a cause; of a deed also the word that says it is not done, and nothing of what stands between."""
    yield from (match[0] for match in words.named.finditer(cut.text))
    *_, last = (None, *words.undone.finditer(cut.text))
    if last is not None and not signs.done.match(cut.text, last.end()):
        in_front = cut.in_front(last.start(), most=FARTHEST, ends=signs.ends)
        yield from (f"{word}…{last[0]}" for word in in_front if word in signs.undone)
