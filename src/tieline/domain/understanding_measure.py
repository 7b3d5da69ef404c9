"""How good suggestions are, by what people said of them: precision and recall of causes, and how often the mood was right."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tieline.domain.understanding import Sentiment


@dataclass(frozen=True, slots=True)
class Judged:
    """One text: what was suggested, and what a person says. A mood of None: the person said nothing of it."""

    suggested: frozenset[str]
    said: frozenset[str]
    mood_suggested: Sentiment
    mood_said: Sentiment | None


@dataclass(slots=True)
class CauseTally:
    """One cause: how often it was suggested rightly, wrongly, and not though it should have been."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float | None:
        """Return which share of its suggestions was right, 0 to 1; None: it was never suggested."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def recall(self) -> float | None:
        """Return in which share of the texts about it it was suggested, 0 to 1; None: no text was about it."""
        return self.right / (self.right + self.missed) if self.right + self.missed else None


@dataclass(slots=True)
class Measured:
    """All texts a person looked at. `moods`: those whose mood they told, `moods_right`: as it was suggested."""

    texts: int = 0
    moods: int = 0
    moods_right: int = 0
    causes: dict[str, CauseTally] = field(default_factory=dict)


def measure(judged: Iterable[Judged]) -> Measured:
    """Count suggestions against people's word.

    Source of the formulas: van Rijsbergen, Information Retrieval, 2nd ed., 1979, chapter 7: precision and recall.
    """
    found = Measured()
    for one in judged:
        found.texts += 1
        found.moods += one.mood_said is not None
        found.moods_right += one.mood_said == one.mood_suggested
        for name in one.suggested | one.said:
            tally = found.causes.setdefault(name, CauseTally())
            tally.right += name in one.suggested and name in one.said
            tally.wrong += name not in one.said
            tally.missed += name not in one.suggested
    return found


def by_maker(judged: Iterable[tuple[str, Judged]]) -> Mapping[str, Measured]:
    """Measure each maker of suggestions by itself: a version of the rules, a model."""
    together: dict[str, list[Judged]] = {}
    for maker, one in judged:
        together.setdefault(maker, []).append(one)
    return {maker: measure(ones) for maker, ones in sorted(together.items())}
