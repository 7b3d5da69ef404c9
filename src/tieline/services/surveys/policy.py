"""How this company asks its customers, ready to be used: the rules as stored, with the usual templates below them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from tieline.domain.survey import Survey
from tieline.services.directory import Directory
from tieline.services.surveys.policy_file import AskEntry, SurveysEntry, TemplateEntry

KIND: Final = "surveys"
"""The kind of the rules among the house rules."""


@dataclass(frozen=True)
class SurveyPolicy:
    """The rules and their version. Without any row in `ask`, nobody is asked."""

    entry: SurveysEntry
    version: int

    def template(self, name: str | None) -> TemplateEntry | None:
        """Return a template: the company's own, else the usual one."""
        return (self.entry.templates.get(name) or usual_templates().get(name)) if name is not None else None

    def row(self, survey: Survey, *, queue: str | None, category: str | None) -> AskEntry | None:
        """Return the first row that fits an occasion."""
        return next(
            (row for row in self.entry.ask if row.after == survey.occasion and _fits(row, survey, queue, category)),
            None,
        )

    def asks_after(self, occasion: str) -> bool:
        """Say whether any row is about an occasion of this kind."""
        return any(row.after == occasion for row in self.entry.ask)


def policy_of(directory: Directory) -> SurveyPolicy:
    """Return the rules that hold; without any stored, nobody is asked."""
    return SurveyPolicy(_read(directory.policies.get(KIND)), directory.policy_versions.get(KIND, 0))


@cache
def usual_templates() -> Mapping[str, TemplateEntry]:
    """Return the templates that come with the software."""
    written = yaml.safe_load(files("tieline.services.surveys").joinpath("templates.yaml").read_text("utf-8"))
    return {name: TemplateEntry.model_validate(template) for name, template in written.items()}


def _read(definition: Mapping[str, Any] | None) -> SurveysEntry:
    return SurveysEntry.model_validate(definition or {})


def _fits(row: AskEntry, survey: Survey, queue: str | None, category: str | None) -> bool:
    wanted = ((row.queues, queue), (row.lines, survey.line), (row.categories, category))
    return all(not allowed or value in allowed for allowed, value in wanted)
