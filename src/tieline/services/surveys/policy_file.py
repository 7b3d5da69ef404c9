"""Whom a company asks, as the administrator writes it: the section `surveys` of the apply file, the rules of kind `surveys`.

surveys:
  ask:                                     # the first row that fits an occasion decides
    - {after: call, template: csat, by: [wechat, sms], queues: [support]}
    - {after: ticket, template: csat, by: [sms]}
    - {after: second_contact, template: csat, by: [sms]}
  ways:                                    # `template`: what the vendor calls it; `values` as its connector takes them
    sms: {connection: sms, template: {zh-CN: SMS_1001, en: SMS_1002}, values: ["code={token}"]}
    wechat: {connection: mp, to: customer_id, template: TM0001, values: ["link={link}"]}
  quiet_hours: "21:00-09:00"               # where the customer is
  guards: {consent: opt_out, least_talk_s: 20, per_person_days: 7, internal_categories: [内部]}
"""

import re
from datetime import time, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tieline.domain.feedback import SCALES
from tieline.domain.quiet_hours import QuietHours
from tieline.domain.survey import Occasion, SurveyLanguage
from tieline.domain.survey_guards import GuardRules

_closed = ConfigDict(frozen=True, extra="forbid")
_SPAN: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
IVR: Final = "ivr"
"""The way that is no message: the exchange asks at the end of the call, and asks us whether to (`POST /v1/surveys/prompts`)."""
PLACES: Final = frozenset({"link", "token"})
"""What may stand in braces in a message: the page's address, or its token where the vendor's template has the rest."""


def _span(text: str) -> str:
    if not _SPAN.fullmatch(text):
        raise ValueError("quiet hours are written 21:00-09:00")
    return text


def _places(text: str) -> str:
    if set(_BRACES.findall(text)) - PLACES:
        raise ValueError("only {link} and {token} stand in braces")
    return text


def _both(texts: dict[SurveyLanguage, str]) -> dict[SurveyLanguage, str]:
    if "zh-CN" not in texts and "en" not in texts:
        raise ValueError("a text is given in zh-CN, en or both")
    return texts


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Line = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]
Texts = Annotated[dict[SurveyLanguage, Line], AfterValidator(_both)]
Message = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$"), AfterValidator(_places)]
Messages = Annotated[dict[SurveyLanguage, Message], AfterValidator(_both)]
Word = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
VendorTemplate = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]


class TemplateEntry(BaseModel):
    """What is asked, in each language. `low` and `high` stand at the two ends of the scale."""

    model_config = _closed

    kind: Literal["csat", "nps", "ces"]
    question: Texts
    low: Texts
    high: Texts
    message: Messages

    @property
    def scores(self) -> range:
        """Return the scores of its scale."""
        scale = SCALES[self.kind]
        return range(scale.lowest, scale.highest + 1)


class WayEntry(BaseModel):
    """One way to a customer. `to`: their number, their id at the connection, or their e-mail address."""

    model_config = _closed

    connection: Name
    to: Literal["phone", "customer_id", "email"] = "phone"
    template: VendorTemplate | dict[SurveyLanguage, VendorTemplate] | None = None
    values: tuple[Message, ...] = ()

    def template_in(self, language: SurveyLanguage) -> str | None:
        """Return the vendor's template for a language, else for the other one."""
        if not isinstance(self.template, dict):
            return self.template
        return self.template.get(language) or next(iter(self.template.values()), None)


class AskEntry(BaseModel):
    """One row: after what it fits, and what is asked then by which ways; the next way is taken when one fails."""

    model_config = _closed

    after: Occasion
    template: Name
    by: Annotated[tuple[Name, ...], Field(min_length=1)]
    queues: tuple[Word, ...] = ()
    lines: tuple[Word, ...] = ()
    categories: tuple[Word, ...] = ()


class GuardsEntry(BaseModel):
    """Who is left alone."""

    model_config = _closed

    consent: Literal["opt_out", "opt_in"] = "opt_out"
    least_talk_s: Annotated[int, Field(ge=0, le=3600)] = 20
    per_person_days: Annotated[int, Field(ge=0, le=365)] = 7
    internal_categories: tuple[Word, ...] = ()

    @property
    def rules(self) -> GuardRules:
        """Return them ready to be asked."""
        return GuardRules(
            consent=self.consent,
            least_talk=timedelta(seconds=self.least_talk_s),
            per_person=timedelta(days=self.per_person_days),
            internal_categories=frozenset(self.internal_categories),
        )


class SurveysEntry(BaseModel):
    """The section. `remind_after_h` 0: nobody is reminded; else once."""

    model_config = _closed

    templates: dict[Name, TemplateEntry] = Field(default_factory=dict)
    ways: dict[Name, WayEntry] = Field(default_factory=dict)
    ask: tuple[AskEntry, ...] = ()
    guards: GuardsEntry = GuardsEntry()
    quiet_hours: Annotated[str, AfterValidator(_span)] | None = "21:00-09:00"
    expires_h: Annotated[int, Field(ge=1, le=720)] = 72
    remind_after_h: Annotated[int, Field(ge=0, le=720)] = 24

    @model_validator(mode="after")
    def _ways_exist(self) -> Self:
        unknown = sorted({way for row in self.ask for way in row.by} - {*self.ways, IVR})
        if unknown:
            message = f"ask names a way that is not defined: {', '.join(unknown)}"
            raise ValueError(message)
        return self

    @property
    def connections(self) -> set[str]:
        """Return the connections it names."""
        return {way.connection for way in self.ways.values()}

    @property
    def quiet(self) -> QuietHours | None:
        """Return when people are left alone."""
        if self.quiet_hours is None:
            return None
        begins, _, ends = self.quiet_hours.partition("-")
        return QuietHours(time.fromisoformat(begins), time.fromisoformat(ends))
