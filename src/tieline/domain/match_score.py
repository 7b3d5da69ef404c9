"""The ladder's scores, and the place each carrier of an exact number gets on it.

Rungs, scores and what may open are one table; context moves people only among several who share a number.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from tieline.domain.match_carry import Carriage, how_carried
from tieline.domain.match_context import RECENT, Contact, MatchContext
from tieline.domain.match_reasons import reason_text
from tieline.domain.match_verdict import MOST_RANKED, RankedPerson
from tieline.domain.people import Person
from tieline.domain.phone import PhoneNumber


class Rung(NamedTuple):
    """`number` counts from the top of the ladder; `opens`: a card may open without being chosen."""

    number: int
    score: float
    opens: bool = False


LADDER: Mapping[str, Rung] = {
    "token": Rung(1, 1.00, opens=True),
    "choice": Rung(1, 1.00, opens=True),
    "direct": Rung(2, 0.95, opens=True),
    "extension": Rung(3, 0.95, opens=True),
    "national": Rung(4, 0.85, opens=True),
    "remembered": Rung(4, 0.85, opens=True),
    "without_extension": Rung(5, 0.80),
    "shared": Rung(5, 0.80),
    "several": Rung(5, 0.60),
    "other_extension": Rung(5, 0.30),
    "company": Rung(6, 0.50),
    "suffix": Rung(7, 0.45),
    "mention": Rung(8, 0.25),
    "nothing": Rung(9, 0.00),
}
TIE_GAP = 0.2
SEVERAL_AT_MOST, SEVERAL_AT_LEAST = 0.80, 0.30
EACH_FURTHER_PERSON = 0.05
EACH_CONTEXT, CONTEXT_AT_MOST = 0.05, 0.15
VERIFIED_NUMBER = 0.05
UNUSED_AFTER = timedelta(days=365)
_STEPS = (1.00, 0.95, 0.85, 0.80, 0.50, 0.45, 0.25, 0.00)
_LOWEST_THAT_OPENS = 0.85
_SCORE = attrgetter("score")
_MARKS_OF_A_LINE = frozenset({"shared", "company"})


class _Crowd(NamedTuple):
    """What one person's rung depends on besides themselves."""

    size: int
    flagged_direct: int
    at_extension: int


def rank(caller: PhoneNumber, people: Sequence[Person], *, context: MatchContext) -> tuple[RankedPerson, ...]:
    """Score everybody who carries the exact number (twenty at most), the likeliest first; equals stay in order of trust."""
    carried = [(person, how_carried(person, caller, line=context.line)) for person in people[:MOST_RANKED]]
    reaches = [carriage.reach for _, carriage in carried]
    crowd = _Crowd(
        size=len(people) - reaches.count("other_extension"),
        flagged_direct=[carriage.direct for _, carriage in carried].count(True),
        at_extension=reaches.count("same_extension"),
    )
    ranked = [_ranked(person, carriage, crowd, caller=caller, context=context) for person, carriage in carried]
    return tuple(sorted(ranked, key=_SCORE, reverse=True))


def is_clear(ranked: Sequence[RankedPerson]) -> bool:
    """Say whether the first may open: on a rung that opens, and ahead of the second by at least the tie gap."""
    runner_up = ranked[1].score if len(ranked) > 1 else 0.0
    return ranked[0].opens and round(ranked[0].score - runner_up, 2) >= TIE_GAP


def is_line_number(context: MatchContext) -> bool:
    """Say whether people marked the number as one of a household or a company."""
    return context.number.mark in _MARKS_OF_A_LINE


def _ranked(person: Person, carriage: Carriage, crowd: _Crowd, *, caller: PhoneNumber, context: MatchContext) -> RankedPerson:
    rule = _rule(person, carriage, crowd, caller=caller, context=context)
    contact = context.contact(person)
    because = _because(person, contact, carriage, context=context)
    rung = LADDER[rule]
    score = _several(crowd.size, because) if rule == "several" else rung.score
    if "unused" in because:
        score = _one_rung_lower(score)
    return RankedPerson(
        person=person,
        score=score,
        rule=rule,
        opens=rung.opens and score >= _LOWEST_THAT_OPENS,
        reason=_reason(rule, because, contact),
        because=because,
        last_contact_at=contact.last_contact_at,
    )


def _rule(person: Person, carriage: Carriage, crowd: _Crowd, *, caller: PhoneNumber, context: MatchContext) -> str:
    if carriage.reach == "same_extension" and crowd.at_extension == 1:
        return "extension"
    if carriage.reach == "other_extension":
        return "other_extension"
    if person.kind == "organization":
        return "company"
    alone = crowd.size == 1
    if carriage.reach == "behind_extension":
        return "without_extension" if alone else "several"
    if is_line_number(context) or not _is_direct(carriage, crowd, context):
        return "shared" if alone else "several"
    return "national" if caller.assumed_country else "direct"


def _is_direct(carriage: Carriage, crowd: _Crowd, context: MatchContext) -> bool:
    """Alone with the number and nothing against it; or, among several, the only one it is flagged direct for."""
    if crowd.size == 1:
        return carriage.direct is not False or context.number.mark == "direct"
    return carriage.direct is True and crowd.flagged_direct == 1


def _because(person: Person, contact: Contact, carriage: Carriage, *, context: MatchContext) -> tuple[str, ...]:
    facts = (
        ("open_ticket", contact.open_ticket is not None),
        ("order_in_transit", contact.order_in_transit is not None),
        ("recent_contact", _within(contact.last_contact_at, context.now, RECENT)),
        ("your_account", _is_owned_by(person, context.agent_names)),
        ("verified_number", carriage.verified),
        ("unused", _is_unused(carriage.seen_at, contact.last_contact_at, context.now)),
    )
    return tuple([code for code, holds in facts if holds])


def _is_owned_by(person: Person, names: Collection[str]) -> bool:
    owners = {customer.owner.casefold() for customer in person.customers if customer.owner}
    return bool(owners) and any(name.casefold() in owners for name in names)


_CONTEXT_CODES = frozenset({"open_ticket", "order_in_transit", "recent_contact", "your_account"})


def _several(size: int, because: Sequence[str]) -> float:
    base = LADDER["several"].score - EACH_FURTHER_PERSON * (size - 2)
    context = min(CONTEXT_AT_MOST, EACH_CONTEXT * len(_CONTEXT_CODES.intersection(because)))
    verified = VERIFIED_NUMBER if "verified_number" in because else 0.0
    return round(min(SEVERAL_AT_MOST, max(SEVERAL_AT_LEAST, base) + context + verified), 2)


def _one_rung_lower(score: float) -> float:
    return next((step for step in _STEPS if step < score), 0.0)


def _is_unused(seen_at: datetime | None, last_contact_at: datetime | None, now: datetime) -> bool:
    """Numbers are given to new owners: unused for a year counts for less. Never seen at all says nothing."""
    used = [moment for moment in (seen_at, last_contact_at) if moment is not None]
    return bool(used) and now - max(used) > UNUSED_AFTER


def _within(moment: datetime | None, now: datetime, span: timedelta) -> bool:
    return moment is not None and now - moment <= span


def _reason(rule: str, because: Sequence[str], contact: Contact) -> str:
    if rule != "several":
        return reason_text(rule)
    numbers = {"open_ticket": contact.open_ticket, "order_in_transit": contact.order_in_transit}
    first = because[0] if because else "same_number"
    return reason_text(first, number=numbers.get(first))
