"""What our own rules make of a customer: a tier and tags, each with its reason. Pure rules over what is known at one moment.

A rule is a list of conditions that all must hold. What is not known (a system did not say what was spent) holds for nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from tieline.domain.customer import Tier

Counted = Literal["call", "ticket", "complaint", "low_score", "contact"]
Told = Literal["spent", "orders", "tier", "nps"]


@dataclass(frozen=True, slots=True)
class Contact:
    """One thing that happened. `kinds`: every word it counts under; `topics`: its category and causes."""

    at: datetime
    kinds: frozenset[Counted]
    topics: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Either `count` contacts `about` any of some topics `within` a time, or compare what a system told (`field`)."""

    count: Counted | None = None
    about: frozenset[str] = frozenset()
    within: timedelta | None = None
    field: Told | None = None
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    among: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StandingRule:
    """A rule: the tier or the tag it gives, and what must hold."""

    name: str
    conditions: tuple[Condition, ...]
    tier: Tier | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What is known. `told`: fields as systems tell them; None: not known."""

    now: datetime
    contacts: Sequence[Contact]
    told: Mapping[Told, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """The verdict. `reasons`: for the tier and each tag the rule's name and what was found, as JSON."""

    tier: Tier | None
    tags: tuple[str, ...]
    reasons: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A standing as it is kept, and whose it is (`connection:id`)."""

    ref: str
    tier: Tier | None
    tags: tuple[str, ...]
    reasons: tuple[Mapping[str, Any], ...]


def judge(rules: Iterable[StandingRule], facts: CustomerFacts) -> Standing:
    """Return the tier of the first rule of a tier that holds, and the tags of all that do."""
    tier: Tier | None = None
    tags: list[str] = []
    reasons: list[dict[str, Any]] = []
    for rule in rules:
        found = _found(rule, facts)
        if found is None or (rule.tier is not None and tier is not None) or rule.tag in tags:
            continue
        tier = rule.tier or tier
        tags += [rule.tag] if rule.tag is not None else []
        reasons.append({"rule": rule.name, "tier": rule.tier, "tag": rule.tag, "found": found})
    return Standing(tier, tuple(tags), tuple(reasons))


def _found(rule: StandingRule, facts: CustomerFacts) -> list[dict[str, Any]] | None:
    """Return what was found for each condition of a rule; None: one does not hold."""
    found = []
    for condition in rule.conditions:
        value = _value(condition, facts)
        if value is None or not _holds(condition, value):
            return None
        name = condition.count or condition.field
        days = condition.within.days if condition.within else None
        shown = value if isinstance(value, str | int) else str(value)
        found.append({"what": name, "value": shown, "within_days": days, "about": sorted(condition.about)})
    return found


def _value(condition: Condition, facts: CustomerFacts) -> Any:  # noqa: ANN401 - a number or a word
    if condition.count is None:
        return facts.told.get(condition.field) if condition.field is not None else None
    since = facts.now - condition.within if condition.within is not None else None
    return sum(
        condition.count in one.kinds
        and (since is None or one.at > since)
        and (not condition.about or bool(condition.about & one.topics))
        for one in facts.contacts
    )


def _holds(condition: Condition, value: Any) -> bool:  # noqa: ANN401 - as above
    if condition.among:
        return value in condition.among
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    above = condition.at_least is None or number >= condition.at_least
    return above and (condition.at_most is None or number <= condition.at_most)


_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "call": ("次通话", "calls"),
    "ticket": ("张工单", "tickets"),
    "complaint": ("次投诉", "complaints"),
    "low_score": ("次低分", "low scores"),
    "contact": ("次联系", "contacts"),
    "spent": ("累计消费", "spent"),
    "orders": ("订单数", "orders"),
    "tier": ("等级", "tier"),
    "nps": ("NPS", "NPS"),
}


def in_words(found: Sequence[Mapping[str, Any]], language: Literal["zh", "en"]) -> str:
    """Say what was found, in a line."""
    return ("；" if language == "zh" else "; ").join(_line(one, language) for one in found)


def _line(one: Mapping[str, Any], language: Literal["zh", "en"]) -> str:
    word, value, days = _WORDS[one["what"]][language == "en"], one["value"], one["within_days"]
    about = "、".join(one["about"]) if language == "zh" else ", ".join(one["about"])
    if one["what"] in {"spent", "orders", "tier", "nps"}:
        return f"{word} {value}"
    if language == "zh":
        return f"{f'{days} 天内 ' if days else ''}{value} {about}{word}"
    return f"{value} {word}{f' about {about}' if about else ''}{f' in {days} days' if days else ''}"
