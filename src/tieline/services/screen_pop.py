"""Who is calling? One answer within one deadline: what is known by then, each part with its state."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from tieline.domain.documents import document_of
from tieline.domain.narrowing import Narrowed
from tieline.domain.pop_query import PopQuery
from tieline.domain.screen_pop import ScreenPop
from tieline.kit.deadline import Deadline
from tieline.observability.pop_counts import count_pop
from tieline.services.index_keeper import Lesson
from tieline.services.pop_asked import Asked
from tieline.services.pop_card import card_of
from tieline.services.pop_desk import PopDesk
from tieline.services.pop_inquiry import Inquiry
from tieline.services.pop_trace import trace_of
from tieline.services.seeing import kept_state, told_of, views_of
from tieline.store.journal import Append, AuditRow, PopRow


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, for the audit and the masks."""

    actor: str
    role: str


async def look_up(desk: PopDesk, query: PopQuery, *, asker: Asker) -> dict[str, Any]:
    """Answer a softphone: the masked pop as a document; on disk who asked for whom before it leaves.

    Raises: RequestRefused(phone_invalid). Overloaded: the audit could not be written.
    """
    directory = desk.directory.now
    asked = Asked(
        pop_id=desk.new_pop_id(),
        phone=query.phone,
        called=query.line,
        actor=asker.actor,
        role=asker.role,
        at=desk.now(),
        agent=directory.agents.get(query.agent) if query.agent else None,
        call_id=query.call_id,
        direction=query.direction,
    )
    inquiry = Inquiry(desk, asked)
    deadline = Deadline.after(query.deadline_ms / 1000 if query.deadline_ms else inquiry.deadline_s)
    await inquiry.open()
    await inquiry.settle(deadline)
    narrowed = inquiry.narrowed
    entry = desk.journal.begin(
        Append(audit=audit_of(desk, inquiry, narrowed, action="pop.answered"), pop=_row(inquiry, narrowed))
    )
    await asyncio.sleep(0)  # The rows set out for the disk; while they are under way, the card is made.
    card = card_of(inquiry, narrowed)
    shown = shown_to(desk, inquiry, card)
    learn(desk, inquiry)
    await entry
    count_pop(card)
    return shown


def shown_to(desk: PopDesk, inquiry: Inquiry, card: ScreenPop) -> dict[str, Any]:
    """Return the card as the asker may see it: the one place where a pop is masked."""
    return desk.policy.apply(
        inquiry.asked.seen_by, document_of(card), shape="screen_pop", active_call_phone=True, views=views_of(card.narrowed)
    )


def audit_of(desk: PopDesk, inquiry: Inquiry, narrowed: Iterable[Narrowed], *, action: str) -> AuditRow:
    """Return the audit entry of a card: who saw whom, through which systems, less what is taken away."""
    asked, match, chosen = inquiry.asked, inquiry.match, inquiry.verdict.chosen
    number = desk.pseudonyms.of("phone", inquiry.caller.key) if inquiry.caller.key else None
    return AuditRow(
        at=desk.now(),
        actor=asked.actor,
        actor_role=asked.seen_by,
        action=action,
        subject=chosen.ref if chosen is not None else number,
        call_id=asked.call_id,
        pop_id=asked.pop_id,
        details={
            "agent": asked.agent.id if asked.agent is not None else None,
            "number": number,
            "match": match.state,
            "rule": match.rule,
            "systems": sorted(inquiry.systems),
            "candidates": [candidate.ref for candidate in inquiry.verdict.candidates()],
            **told_of(narrowed),
        },
    )


def learn(desk: PopDesk, inquiry: Inquiry) -> None:
    """Hand what live answers said to the identity index: who carries the number, which records were merged or are gone."""
    verdict = inquiry.verdict
    people = [verdict.chosen] if verdict.chosen is not None else [one.person for one in verdict.ranked]
    live = {flight.question.source.name for flight in inquiry.profiles if flight.answer is not None}
    customers = [customer for person in people for customer in person.customers if customer.ref.connection in live]
    lesson = Lesson(tuple(customers), inquiry.caller, inquiry.remembered.known, inquiry.gone, inquiry.said.heirs)
    desk.keeper.learn(lesson, line=inquiry.line, now=inquiry.asked.at)


def _row(inquiry: Inquiry, narrowed: Collection[Narrowed]) -> PopRow:
    asked = inquiry.asked
    return PopRow(
        id=asked.pop_id,
        state="answered",
        promised_at=asked.at,
        shown_at=asked.at,
        interaction_id=asked.interaction_id,
        call_id=asked.call_id,
        agent=asked.agent.id if asked.agent is not None else None,
        mode=asked.mode,
        direction=asked.direction,
        match_state=kept_state(inquiry.match, narrowed),
        trace=trace_of(inquiry, narrowed),
    )
