"""The card: everything known at this moment, in the shape of the public contract."""

from collections.abc import Mapping

from tieline.domain.actions import actions_for
from tieline.domain.hints import Circumstances, hints_for
from tieline.domain.match_verdict import Verdict
from tieline.domain.narrowing import Narrowed, is_set_aside
from tieline.domain.people import Person
from tieline.domain.phone import PhoneNumber
from tieline.domain.pop_blocks import PROFILE_KIND
from tieline.domain.profile import shown_customer
from tieline.domain.repeat_caller import PastCall, RepeatCaller, judge_repeat
from tieline.domain.screen_pop import Action, Block, HistoryEntry, Match, PopStatus, ScreenPop, ShownCustomer, ShownPhone
from tieline.domain.standing import Judged
from tieline.security.roles import permissions_of
from tieline.services.pop_asked import Asked
from tieline.services.pop_inquiry import Inquiry
from tieline.services.repeat_callers import windows_of
from tieline.services.sources import Question

HISTORY_SHOWN = 10


def card_of(inquiry: Inquiry, narrowed: tuple[Narrowed, ...]) -> ScreenPop:
    """Return the pop as it stands, `narrowed` as the inquiry says; nothing private of anybody before one person is chosen."""
    asked, verdict, match = inquiry.asked, inquiry.verdict, inquiry.match
    blocks = blocks_of(inquiry, verdict)
    customer = _profile(verdict.chosen) if verdict.chosen is not None else None
    return ScreenPop(
        pop_id=asked.pop_id,
        call_id=asked.call_id,
        phone=_phone(inquiry.caller),
        match=match,
        status=status_of(blocks, pending=bool(inquiry.flights.pending)),
        customer=customer,
        candidates=verdict.candidates(),
        more_candidates=verdict.more,
        blocks=blocks,
        history=tuple(_call(call) for call in inquiry.past[:HISTORY_SHOWN]),
        hints=hints_for(
            Circumstances(
                match=match,
                customer=customer,
                blocks=blocks,
                repeat=repeat_of(inquiry, verdict),
                call=asked.call,
                language=inquiry.line.language,
                now=asked.at,
                mark=inquiry.remembered.mark.mark,
                shared=verdict.shared,
                judged=_judged(inquiry, verdict),
                narrowed=narrowed,
            )
        ),
        actions=() if is_set_aside(narrowed) else _actions(asked, match, blocks),
        call=asked.call,
        line=inquiry.line.number or None,
        queue=asked.queue,
        direction=asked.direction,
        mode=asked.mode,
        took_ms=inquiry.took_ms,
        trace=f"/v1/calls/{asked.call_id}/trace" if asked.call_id else None,
        narrowed=narrowed,
    )


def _actions(asked: Asked, match: Match, blocks: Mapping[str, Block]) -> tuple[Action, ...]:
    return actions_for(match, blocks, permissions=permissions_of(asked.agent.role) if asked.agent else None)


def blocks_of(inquiry: Inquiry, verdict: Verdict) -> dict[str, Block]:
    """Return each source's block. Items show for the one who is known, and for a number that nobody claims.

    What was asked by a number that several people share may be anybody's, and is not shown as the chosen one's.
    """
    known = verdict.match.state == "known" or (verdict.match.state == "none" and not inquiry.is_searching)
    return {
        flight.question.block: flight.block(shown=known and _is_theirs(flight.question, verdict))
        for flight in inquiry.flights
        if flight.question.follows is None
    }


def _is_theirs(question: Question, verdict: Verdict) -> bool:
    """Say whether an answer is about the caller; a profile's items are no block's, the card shows them itself."""
    return question.source.record != PROFILE_KIND.record and (question.of_one or not verdict.shared)


def repeat_of(inquiry: Inquiry, verdict: Verdict) -> RepeatCaller | None:
    """Return what earlier calls mean for this one."""
    if not inquiry.past:
        return None
    return judge_repeat(inquiry.past, now=inquiry.asked.at, shared=verdict.shared, windows=windows_of(inquiry.line))


def status_of(blocks: Mapping[str, Block], *, pending: bool) -> PopStatus:
    """Say in one word how much of the answer is there; `pending`: something that no block shows may still come too."""
    states = {block.state for block in blocks.values()}
    if not states or states == {"unavailable"}:
        return "none"
    if pending or "unavailable" in states:
        return "partial"
    return "stale" if "stale" in states else "complete"


def _judged(inquiry: Inquiry, verdict: Verdict) -> Judged | None:
    """Return what our rules make of the one person it is."""
    if not inquiry.judged or verdict.chosen is None:
        return None
    refs = verdict.chosen.refs
    return next((one for one in inquiry.judged if one.ref in refs), None)


def _profile(person: Person) -> ShownCustomer:
    if person.customers:
        return shown_customer(person.customers)
    row = person.known[0]
    return ShownCustomer.model_validate(
        {
            "ref": person.ref,
            "name": person.name,
            "kind": person.kind,
            "company": person.company,
            "tier": row.tier,
            "tags": row.tags,
            "phones": tuple(known.e164 for known in person.known),
        }
    )


def _phone(caller: PhoneNumber) -> ShownPhone:
    return ShownPhone(
        e164=caller.e164,
        national=None if caller.withheld else caller.national or caller.raw,
        kind=caller.kind,
        country=caller.country,
        extension=caller.extension,
        withheld=caller.withheld,
    )


def _call(call: PastCall) -> HistoryEntry:
    return HistoryEntry(
        kind="call",
        at=call.started_at,
        summary=f"{call.direction} {call.outcome or 'call'}",
        call_id=call.call_id,
        agent=call.agent,
        outcome=call.outcome,
    )
