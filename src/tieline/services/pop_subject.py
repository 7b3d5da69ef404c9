"""From a promised card and its call to the question the look-up puts."""

from dataclasses import replace
from datetime import datetime

from tieline.domain.call import Direction
from tieline.domain.line import Line
from tieline.domain.screen_pop import ShownCall
from tieline.services.directory import Directory
from tieline.services.pop_asked import Asked
from tieline.store import call_cards
from tieline.store.call_cards import CallFacts
from tieline.store.database import Transaction
from tieline.store.pops import KeptPop

VERIFIED = 3


async def facts_of_pop(conn: Transaction, pop: KeptPop) -> CallFacts | None:
    """Return the facts of the call behind a card; None: a softphone asked without the exchange telling of a call."""
    return None if pop.interaction_id is None else await call_cards.facts_of(conn, pop.interaction_id, agent=pop.agent)


def asked_of(pop: KeptPop, facts: CallFacts | None, directory: Directory, *, reason: str, at: datetime) -> Asked:
    """Return the question behind one card. What the agent chose on it counts before what was chosen in the call."""
    agent = directory.agents.get(pop.agent or "")
    asked = Asked(
        pop_id=pop.id,
        phone=(pop.trace.get("number") or {}).get("written") or "",
        called=pop.trace.get("line"),
        actor=f"agent:{pop.agent}" if pop.agent else "softphone",
        role=agent.role if agent is not None else "agent",
        at=at,
        agent=agent,
        call_id=pop.call_id,
        direction=_direction(pop.direction),
        mode=pop.mode,
        chosen_ref=pop.chosen_ref,
        reason=reason,
    )
    return asked if facts is None else _within_call(asked, facts, directory.line_of(facts.line))


def _within_call(asked: Asked, facts: CallFacts, line: Line) -> Asked:
    return replace(
        asked,
        phone=facts.customer_raw or "",
        called=facts.line,
        call_id=asked.call_id or facts.call_key,
        interaction_id=facts.interaction_id,
        provider=facts.provider,
        call_key=facts.call_key,
        direction=_direction(facts.direction),
        queue=facts.queue,
        call=shown_call(facts, asked.agent.id if asked.agent is not None else None, line),
        chosen_ref=asked.chosen_ref or facts.customer_ref,
        verified=facts.identity_level >= VERIFIED,
    )


def _direction(text: str) -> Direction:
    return "outbound" if text == "outbound" else "internal" if text == "internal" else "inbound"


def shown_call(facts: CallFacts, agent: str | None, line: Line) -> ShownCall:
    """Return where the call stands, from one agent's point of view."""
    return ShownCall.model_validate(
        {
            "state": facts.state,
            "line_name": line.name or None,
            "language": line.language if line.name else None,
            "started_at": facts.started_at,
            "answered_at": facts.answered_at,
            "transferred_from": facts.transferred_from,
            "owner": facts.owner in {None, agent},
        }
    )
