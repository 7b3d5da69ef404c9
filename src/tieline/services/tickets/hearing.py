"""Take in what another system shows of a ticket: merged with ours against what both last agreed on, and passed on to the others.

This happens in the ticket's order at that system, behind what was sent before and ahead of what is sent next, so nothing of ours
is on its way while it is compared, and what we wrote ourselves merges to nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from tieline.connectors.contract import Record
from tieline.domain.ticket_change import Change
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_link import Agreed, LinkState
from tieline.domain.ticket_merge import Loss, Merged, Stand, merge
from tieline.domain.ticket_status import arrived
from tieline.services.tickets import conflicts
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.record import carry_through, note
from tieline.services.tickets.spoke import Spoke
from tieline.store import ticket_links
from tieline.store.database import Transaction
from tieline.store.ticket_links import HeldLink

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Heard:
    """The ticket and the link as they stand afterwards."""

    ticket: HubTicket
    link: HeldLink


async def take_in(tx: Transaction, desk: TicketDesk, ticket: HubTicket, link: HeldLink, spoke: Spoke, record: Record) -> Heard:
    """Merge a vendor's ticket into ours, which is locked. Raises: VendorBadAnswer: it cannot be read."""
    now = desk.clock()
    theirs = _stands(spoke, record, now)
    merged = merge(link.state, ticket.stands(), theirs, desk.policy.rules, say=spoke.say)
    state, flows_in = _in_our_words(ticket, merged)
    known = replace(link, state=state, version=_version(spoke, record) or link.version, synced_at=now, fault=None)
    await ticket_links.save(tx, known)
    for loss in merged.losses:
        await _note_loss(tx, ticket, link.connection, loss, now=now)
    await conflicts.settle_withdrawn(tx, ticket, link, known, now=now)
    for conflict in merged.conflicts:
        await conflicts.ask(tx, ticket, link.connection, conflict, now=now)
    changed = await carry_through(tx, desk, ticket, Change(flows_in, link.connection, now), kind="synced")
    if flows_in or merged.conflicts or merged.losses:
        log.info(
            "ticket.heard",
            ticket_id=str(ticket.id),
            connection=link.connection,
            took=sorted(flows_in),
            conflicts=len(merged.conflicts),
            settled=len(merged.losses),
        )
    return Heard(changed.ticket, known)


def _stands(spoke: Spoke, record: Record, now: datetime) -> dict[str, Stand]:
    changed_at = spoke.mapping.read(record).get("updated_at")
    at = min(changed_at, now) if isinstance(changed_at, datetime) else None
    return {name: Stand(value, spoke.name, at) for name, value in spoke.shows(record).items()}


def _in_our_words(ticket: HubTicket, merged: Merged) -> tuple[LinkState, dict[str, Any]]:
    """Put a status that flows in into our words, and agree on the pair: closed here and open there is reopened."""
    flows_in = dict(merged.flows_in)
    if "status" not in flows_in:
        return merged.link, flows_in
    said = flows_in["status"]
    flows_in["status"] = arrived(ticket.status, said)
    return replace(merged.link, agreed={**merged.link.agreed, "status": Agreed(flows_in["status"], said)}), flows_in


def _version(spoke: Spoke, record: Record) -> str | None:
    version = spoke.mapping.read(record).get("version")
    return version if isinstance(version, str) else None


async def _note_loss(tx: Transaction, ticket: HubTicket, connection: str, loss: Loss, *, now: datetime) -> None:
    await note(
        tx,
        ticket,
        connection,
        "settled",
        at=now,
        field=loss.field,
        kept=conflicts.told(loss.kept),
        lost=conflicts.told(loss.lost),
        rule=loss.rule.source or loss.rule.kind,
    )
