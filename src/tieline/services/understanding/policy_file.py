"""The tree of causes as the administrator writes it: the section `causes` of the apply file, the rules of kind `causes`.

causes:
  causes:
    service: {zh-CN: 服务, en: Service}
    wait: {zh-CN: 等待时间, en: Waiting, parent: service, words: {zh-CN: [排队, 等了], en: [on hold, queue*]}}
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tieline.domain.survey import SurveyLanguage

_closed = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Shown = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
Words = dict[SurveyLanguage, Annotated[tuple[Shown, ...], Field(max_length=300)]]
DEEPEST = 4


class CauseEntry(BaseModel):
    """One cause: what it is called, what it is part of, the words that suggest it, and deeds that do where they are not done."""

    model_config = _closed

    zh: Annotated[Shown, Field(alias="zh-CN")]
    en: Shown
    parent: Id | None = None
    words: Words = Field(default_factory=dict)
    undone: Words = Field(default_factory=dict)


class CausesEntry(BaseModel):
    """The section."""

    model_config = _closed

    causes: Annotated[dict[Id, CauseEntry], Field(max_length=300)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        for name in self.causes:
            above, steps = self.causes[name].parent, 0
            while above is not None:
                steps += 1
                if above not in self.causes or steps >= DEEPEST:
                    message = f"{name}: its parents must be causes, {DEEPEST} levels at most, and never itself"
                    raise ValueError(message)
                above = self.causes[above].parent
        return self
