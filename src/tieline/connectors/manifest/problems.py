"""Faults in a connector's files, each with its place, told all at once."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tieline.domain.errors import ManifestInvalid


class Problem(NamedTuple):
    """One fault: the file, the line counted from 1, and a sentence saying what is wrong and what would be right."""

    file: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class ManifestProblems(ManifestInvalid):
    """A connector's files cannot be used; `problems` lists every fault found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
        self.where = f"{problems[0].file}:{problems[0].line}" if problems else ""
