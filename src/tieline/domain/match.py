"""The match ladder: who is calling, how sure that is, and whether a card may open by itself.

The first rung with a hit decides. Nobody is opened from the fifth rung down; several people on one number are always a question.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from tieline.domain.dial_plan import calling_code
from tieline.domain.identity_level import RULES_OF_THE_LINE, identity_level
from tieline.domain.match_context import MatchContext
from tieline.domain.match_reasons import reason_text
from tieline.domain.match_score import LADDER, is_clear, is_line_number, rank
from tieline.domain.match_verdict import MOST_SHOWN, RankedPerson, Verdict
from tieline.domain.people import Person
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import last8
from tieline.domain.phone_written import numbers_written_in
from tieline.domain.screen_pop import IdentityLevel, Match, MatchState


def judge(caller: PhoneNumber, people: Sequence[Person], *, context: MatchContext) -> Verdict:
    """Say who is calling. `people` really carry the caller's exact number (see `match_carry.carriers`, `people.group`)."""
    for rule in _RULES:
        verdict = rule(caller, people, context)
        if verdict is not None:
            return verdict
    return _nobody("none", "nothing")


def _withheld(caller: PhoneNumber, _people: Sequence[Person], _context: MatchContext) -> Verdict | None:
    return _nobody("withheld", "withheld") if caller.withheld else None


def _internal(caller: PhoneNumber, _people: Sequence[Person], _context: MatchContext) -> Verdict | None:
    return _nobody("internal", "internal") if caller.kind == "internal" else None


def _named(caller: PhoneNumber, people: Sequence[Person], context: MatchContext) -> Verdict | None:
    """Whom the agent chose in this call, else whom the call itself named."""
    if context.chosen_ref is None and context.token_ref is None:
        return None
    everybody = (
        *people,
        *context.companies,
        *context.similar,
        *(mention.person for mention in context.mentions if mention.person),
    )
    for rule, ref in (("choice", context.chosen_ref), ("token", context.token_ref)):
        person = next((person for person in everybody if ref in person.refs), None)
        if person is not None:
            ranked = rank(caller, people, context=context) or (_alone(person, rule, context),)
            return _known(rule, person, ranked, context=context, more=len(people) - len(ranked))
    return None


def _exact(caller: PhoneNumber, people: Sequence[Person], context: MatchContext) -> Verdict | None:
    ranked = rank(caller, people, context=context)
    if not ranked:
        return None
    unranked = len(people) - len(ranked)
    remembered = next((one.person for one in ranked if context.remembered_ref() in one.person.refs), None)
    if remembered is not None and len(ranked) > 1:
        return _known("remembered", remembered, ranked, context=context, more=unranked)
    if is_clear(ranked):
        return _known(ranked[0].rule, ranked[0].person, ranked, context=context, more=unranked)
    if ranked[0].rule == "other_extension" and context.companies:
        return None
    return _question(ranked, context=context, more=unranked)


def _company(caller: PhoneNumber, people: Sequence[Person], context: MatchContext) -> Verdict | None:
    """The head office, or a number out of the company's range: its card, and nobody's of the people there."""
    companies = [company for company in context.companies if company.kind == "organization"]
    if not companies:
        return None
    colleagues = rank(caller, people, context=context)
    ranked = (*(_alone(company, "company", context) for company in companies), *colleagues)
    return _question(ranked, context=context)


def _suffix(caller: PhoneNumber, _people: Sequence[Person], context: MatchContext) -> Verdict | None:
    found = [person for person in context.similar if _same_suffix(person, caller, context)]
    return _question((_alone(found[0], "suffix", context),), context=context) if len(found) == 1 else None


def _mentioned(_caller: PhoneNumber, _people: Sequence[Person], context: MatchContext) -> Verdict | None:
    if not context.mentions:
        return None
    first = context.mentions[0]
    reason = reason_text("mention", kind=first.kind, number=first.number)
    people = tuple(
        _alone(mention.person, "mention", context, reason=reason_text("mention", kind=mention.kind, number=mention.number))
        for mention in context.mentions
        if mention.person is not None
    )
    match = Match(state="maybe" if people else "none", confidence=LADDER["mention"].score, reason=reason, rule="mention")
    return Verdict(match, ranked=people[:MOST_SHOWN], more=max(0, len(people) - MOST_SHOWN))


_Rule = Callable[[PhoneNumber, Sequence[Person], MatchContext], Verdict | None]
_RULES: tuple[_Rule, ...] = (_withheld, _internal, _named, _exact, _company, _suffix, _mentioned)


def _known(rule: str, person: Person, ranked: Sequence[RankedPerson], *, context: MatchContext, more: int) -> Verdict:
    score = next((one.score for one in ranked if one.person is person and one.rule == rule), LADDER[rule].score)
    shared = rule in RULES_OF_THE_LINE or is_line_number(context) or len(ranked) > 1
    by_number = shared and rule != "token"
    level = identity_level("known", rule, verified=context.verified, recent=context.contact(person).is_open, shared=by_number)
    return _shown(_opened(score, rule, level), person, ranked, _Rest(shared, more, context.shown))


def _question(ranked: Sequence[RankedPerson], *, context: MatchContext, more: int = 0) -> Verdict:
    """Ask the agent; only a company's card may stand open meanwhile."""
    top = ranked[0]
    companies = [one.person for one in ranked if one.rule == "company"]
    lone_company = companies[0] if top.rule == "company" and len(companies) == 1 else None
    match = Match(
        state="maybe",
        confidence=top.score,
        reason=reason_text(top.rule, count=len(ranked) + more),
        rule=top.rule,
        identity_level=identity_level("maybe", top.rule),
    )
    shared = top.rule in RULES_OF_THE_LINE or is_line_number(context)
    return _shown(match, lone_company, ranked, _Rest(shared, more, context.shown))


@cache
def _opened(score: float, rule: str, level: IdentityLevel) -> Match:
    """A few dozen of them in all."""
    return Match(state="known", confidence=score, reason=reason_text(rule), rule=rule, identity_level=level)


class _Rest(NamedTuple):
    """What a verdict says besides: see `Verdict`; and the references in the order already shown."""

    shared: bool
    more: int
    shown: Sequence[str]


def _shown(match: Match, chosen: Person | None, ranked: Sequence[RankedPerson], rest: _Rest) -> Verdict:
    ordered = _as_already_shown(ranked, rest.shown)
    more = rest.more + max(0, len(ordered) - MOST_SHOWN)
    return Verdict(match, chosen, tuple(ordered[:MOST_SHOWN]), more=more, shared=rest.shared)


def _as_already_shown(ranked: Sequence[RankedPerson], shown: Sequence[str]) -> list[RankedPerson]:
    """People on the screen keep their places during the call; newcomers come after them."""
    if not shown:
        return list(ranked)
    places = {ref: place for place, ref in enumerate(shown)}
    return sorted(ranked, key=lambda one: min((places[ref] for ref in one.person.refs if ref in places), default=len(places)))


def _alone(person: Person, rule: str, context: MatchContext, *, reason: str | None = None) -> RankedPerson:
    rung = LADDER[rule]
    return RankedPerson(
        person, rung.score, rule, rung.opens, reason or reason_text(rule), last_contact_at=context.contact(person).last_contact_at
    )


def _nobody(state: MatchState, rule: str) -> Verdict:
    return Verdict(Match(state=state, reason=reason_text(rule), rule=rule))


def _same_suffix(person: Person, caller: PhoneNumber, context: MatchContext) -> bool:
    suffix = last8(caller)
    country = f"+{calling_code(caller.country or context.line.country)}"
    return suffix is not None and any(
        number.endswith(suffix) and number.startswith(country) for number in _numbers(person, context)
    )


def _numbers(person: Person, context: MatchContext) -> Iterable[str]:
    yield from (row.e164 for row in person.known)
    written = (text for customer in person.customers for text in customer.phones)
    yield from (phone.e164 for text in written for phone in numbers_written_in(text, line=context.line) if phone.e164)
