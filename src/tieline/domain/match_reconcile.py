"""No silent swap: when live answers name another person than the one already shown, both are shown and the agent is asked."""

from dataclasses import replace

from tieline.domain.match_reasons import reason_text
from tieline.domain.match_verdict import MOST_SHOWN, RankedPerson, Verdict
from tieline.domain.people import Person
from tieline.domain.screen_pop import Match


def reconcile(cached: Verdict, live: Verdict, *, all_answered: bool = False) -> Verdict:
    """Return what to show after `cached` was on the screen and `live` came in.

    Args: all_answered: every source that was asked has answered, so that a silent one cannot be the reason for a missing person.
    """
    for verdict in (live, cached):
        if verdict.match.rule == "choice":
            return verdict  # What the agent heard from the caller outweighs whatever the systems say.
    if cached.chosen is None or cached.match.state != "known" or _names(live, cached.chosen):
        return live  # A company's card that stood open meanwhile was nobody's.
    if live.match.state == "none":
        return _not_confirmed(cached) if all_answered else cached
    return _both(cached, live)


def _names(verdict: Verdict, person: Person) -> bool:
    """Say whether the verdict chooses this person, or leaves the choice open with this person among them."""
    if verdict.chosen is not None:
        return verdict.chosen.is_same(person)
    return any(one.person.is_same(person) for one in verdict.ranked)


def _both(cached: Verdict, live: Verdict) -> Verdict:
    first = [one for one in cached.ranked if cached.chosen is not None and one.person.is_same(cached.chosen)]
    others = [one for one in live.ranked if not any(one.person.is_same(seen.person) for seen in first)]
    ranked = tuple(_unopened(one) for one in (*first, *others))
    match = Match(
        state="maybe",
        confidence=max((one.score for one in ranked), default=0.0),
        reason=reason_text("contradiction"),
        rule="contradiction",
        identity_level=min(cached.match.identity_level, live.match.identity_level, 1),
    )
    return Verdict(match, ranked=ranked[:MOST_SHOWN], more=live.more + max(0, len(ranked) - MOST_SHOWN), shared=live.shared)


def _not_confirmed(cached: Verdict) -> Verdict:
    match = Match(
        state="maybe",
        confidence=cached.match.confidence,
        reason=reason_text("not_confirmed"),
        rule="not_confirmed",
        identity_level=0,
    )
    return replace(cached, match=match, chosen=None, ranked=tuple(_unopened(one) for one in cached.ranked))


def _unopened(one: RankedPerson) -> RankedPerson:
    return one._replace(opens=False)
