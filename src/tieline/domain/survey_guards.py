"""Why somebody must not be asked: pure rules over facts, each with a name that is kept. Quiet hours delay, and are not here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from tieline.domain.survey import Occasion

SERVED: Final = "served"


@dataclass(frozen=True, slots=True)
class GuardRules:
    """What an administrator may set. `opt_in`: only who agreed is asked; `opt_out`: everybody who did not refuse."""

    consent: Literal["opt_out", "opt_in"] = "opt_out"
    least_talk: timedelta = timedelta(seconds=20)
    per_person: timedelta = timedelta(days=7)
    internal_categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyFacts:
    """What is known when it is decided.

    `consent`: their newest word, None if they never said. `talk_s` None: the exchange did not say. `ways`: how many lead to them.
    """

    occasion: Occasion
    now: datetime
    outcome: str | None = None
    talk_s: int | None = None
    internal: bool = False
    category: str | None = None
    ticket_is_over: bool = True
    somebody: bool = True
    template: bool = True
    ways: int = 1
    consent: bool | None = None
    restricted: bool = False
    child: bool = False
    asked_at: datetime | None = None
    ticket_open_loop: bool = False


Guard = Callable[[SurveyFacts, GuardRules], bool]


def _nobody_talked(facts: SurveyFacts, _rules: GuardRules) -> bool:
    """Only a talk with a person is served: a queue, a menu, a bot, voicemail never is."""
    return facts.occasion == "call" and facts.outcome != SERVED


def _talk_too_short(facts: SurveyFacts, rules: GuardRules) -> bool:
    """A call cut off at once goes on as another one, which is asked about."""
    return facts.occasion == "call" and facts.talk_s is not None and facts.talk_s < rules.least_talk.total_seconds()


def _internal(facts: SurveyFacts, rules: GuardRules) -> bool:
    return facts.internal or (facts.category is not None and facts.category in rules.internal_categories)


def _asked_recently(facts: SurveyFacts, rules: GuardRules) -> bool:
    """The second contact is asked about whenever it comes: to hear of it is what the loop is for."""
    if facts.occasion == "second_contact" or facts.asked_at is None:
        return False
    return facts.asked_at > facts.now - rules.per_person


GUARDS: Final[Mapping[str, Guard]] = {
    "no_template": lambda facts, _: not facts.template,
    "nobody_talked": _nobody_talked,
    "talk_too_short": _talk_too_short,
    "internal": _internal,
    "customer_unknown": lambda facts, _: not facts.somebody,
    "no_way": lambda facts, _: facts.somebody and facts.ways == 0,
    "restricted": lambda facts, _: facts.restricted,
    "child": lambda facts, _: facts.child,
    "opted_out": lambda facts, _: facts.consent is False,
    "no_consent": lambda facts, rules: rules.consent == "opt_in" and facts.consent is None,
    "asked_recently": _asked_recently,
    "ticket_open_again": lambda facts, _: facts.occasion == "ticket" and not facts.ticket_is_over,
    "second_contact_asked": lambda facts, _: facts.occasion != "second_contact" and facts.ticket_open_loop,
}
"""Every reason not to ask, by the name it is kept under. `second_contact_asked`: the survey of the second contact
takes its place."""


def objections(facts: SurveyFacts, rules: GuardRules) -> tuple[str, ...]:
    """Return every reason not to ask, in the order of the table; none: ask."""
    return tuple(name for name, objects in GUARDS.items() if objects(facts, rules))
