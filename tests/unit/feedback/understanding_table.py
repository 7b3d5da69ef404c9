"""Measure what we suggest on texts it was not made by, and write it into docs/understanding.md.

`python -m tests.unit.feedback.understanding_table` writes the page's table anew.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tieline.services.directory import Directory
from tieline.services.understanding.suggesting import book_of

DOCS: Final = Path(__file__).parents[3] / "docs"
PAGE: Final = DOCS / "understanding.md"
TITLES: Final = {"test": "Texts nothing was tuned on", "dev": "Texts the words were mended by"}
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass
class Score:
    """How often a class was named rightly, wrongly, and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def row(self, name: str) -> str:
        """Return a row of the table."""
        precision, recall = _share(self.right, self.right + self.wrong), _share(self.right, self.right + self.missed)
        return f"| `{name}` | {self.right + self.missed} | {precision} | {recall} |"


@dataclass
class Scores:
    """The scores of one split, by class."""

    texts: int = 0
    right: int = 0
    classes: dict[str, Score] = field(default_factory=dict)

    def note(self, wanted: set[str], named: set[str]) -> None:
        """Count one text."""
        self.texts += 1
        self.right += wanted == named
        for name in wanted | named:
            score = self.classes.setdefault(name, Score())
            score.right += name in wanted and name in named
            score.wrong += name not in wanted
            score.missed += name not in named

    @property
    def whole(self) -> Score:
        """Return all classes together."""
        sums = Counter[str]()
        for score in self.classes.values():
            sums.update(right=score.right, wrong=score.wrong, missed=score.missed)
        return Score(sums["right"], sums["wrong"], sums["missed"])


def labelled(split: str) -> Sequence[dict[str, str]]:
    """Return the labelled texts of one split: `dev` or `test`."""
    with (DOCS / "data" / f"feedback-{split}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def measured(split: str, language: str | None = None) -> tuple[Scores, Scores]:
    """Return the scores of moods and of causes."""
    book, moods, causes = book_of(Directory()), Scores(), Scores()
    for row in labelled(split):
        if language is not None and row["language"] != language:
            continue
        meant = book.understand(row["text"])
        moods.note({row["sentiment"]}, {meant.sentiment})
        causes.note(set(filter(None, row["causes"].split(";"))), {one.cause for one in meant.causes})
    return moods, causes


def table() -> str:
    """Return the page's table."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    for split in ("test", "dev"):
        moods, causes = measured(split)
        yield f"### {TITLES[split]} (`{split}`: {moods.texts})"
        yield ""
        yield f"Mood right: {_share(moods.right, moods.texts)}" + "".join(
            f" · {language}: {_share(part.right, part.texts)} of {part.texts}"
            for language in ("zh", "en")
            for part in (measured(split, language)[0],)
        )
        yield ""
        yield from ("| class | texts | precision | recall |", "|---|---|---|---|")
        yield from (moods.classes[name].row(name) for name in ("positive", "neutral", "negative"))
        yield from (causes.classes[name].row(name) for name in sorted(causes.classes))
        yield causes.whole.row("all causes")
        yield ""


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "–"


def write() -> None:
    """Write the table into the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write()
