"""Decide about one occasion: gather what is known, let the guards object, promise the message or keep why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from tieline.domain.delivery import Effect
from tieline.domain.phone_zones import zones_of
from tieline.domain.quiet_hours import first_allowed
from tieline.domain.survey import Survey, SurveyLanguage
from tieline.domain.survey_guards import SurveyFacts, objections
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_status import is_over
from tieline.services.delivery.promise import promise
from tieline.services.surveys.desk import SurveyDesk, token_hash
from tieline.services.surveys.policy import SurveyPolicy
from tieline.services.surveys.policy_file import IVR, AskEntry
from tieline.store import call_records, feedback_loops, surveys, tickets
from tieline.store.call_records import CallRecord
from tieline.store.database import Transaction

SURVEY: Final = "survey"
"""The kind of object that is delivered."""
SEND: Final = "message.send"
AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a survey: by which way, and not before when."""

    survey_id: UUID
    way: str
    at: datetime
    reminder: bool = False


async def waiting(desk: SurveyDesk) -> Sequence[UUID]:
    """Return the occasions nobody looked at yet, the oldest first."""
    async with desk.tickets.database.read() as conn:
        return await surveys.undecided(conn, limit=AT_ONCE)


async def decide(desk: SurveyDesk, survey_id: UUID) -> Survey | None:
    """Decide about one occasion; None: it was decided meanwhile."""
    async with desk.tickets.database.begin() as tx:
        found = await surveys.lock(tx, survey_id)
        if found is None or found.state != "proposed":
            return None
        return await decide_locked(tx, desk, found, policy=desk.policy)


async def decide_locked(tx: Transaction, desk: SurveyDesk, found: Survey, *, policy: SurveyPolicy) -> Survey:
    """Decide about an occasion that is locked: `refused` with every reason, or `sending`."""
    now = desk.tickets.clock()
    call = await call_records.by_id(tx, found.interaction_id) if found.interaction_id else None
    ticket = await tickets.find(tx, found.ticket_id) if found.ticket_id else None
    survey = _known(found, call, ticket)
    await surveys.lock_person(tx, survey.known_by)
    row = policy.row(survey, queue=call.queue if call else None, category=ticket.category if ticket else None)
    facts = await facts_of(tx, desk, survey, (row, call, ticket), now=now)
    reasons = objections(facts, policy.entry.guards.rules)
    decided = survey.model_copy(update={"decided_at": now, "version": policy.version, "reasons": reasons})
    if reasons or row is None:
        decided = decided.model_copy(update={"state": "refused"})
    else:
        ready = decided.model_copy(update={"state": "sending", "template": row.template, "way": _ways(desk, row)[0]})
        decided = await _send(tx, desk, ready, policy=policy, now=now)
    await surveys.save(tx, decided)
    return decided


def _known(found: Survey, call: CallRecord | None, ticket: HubTicket | None) -> Survey:
    """Return an occasion with what its call and ticket tell of the customer by now."""
    if call is not None:
        phone = found.phone or (call.customer_e164 if not call.withheld else None)
        found = found.model_copy(
            update={"phone": phone, "customer_ref": found.customer_ref or call.customer_ref, "line": call.line}
        )
    if ticket is not None:
        known = {"phone": found.phone or ticket.phone, "customer_ref": found.customer_ref or ticket.customer_ref}
        found = found.model_copy(update=known)
    return found


async def facts_of(
    tx: Transaction,
    desk: SurveyDesk,
    survey: Survey,
    known: tuple[AskEntry | None, CallRecord | None, HubTicket | None],
    *,
    now: datetime,
) -> SurveyFacts:
    """Return what the guards want to know. `known`: the row that fits, the call and the ticket it is about."""
    row, call, ticket = known
    aside = await desk.set_aside(tx, survey, today=now.date())
    looping = survey.ticket_id is not None and await feedback_loops.is_open(tx, survey.ticket_id)
    return SurveyFacts(
        occasion=survey.occasion,
        now=now,
        outcome=call.outcome if call else None,
        talk_s=call.talk_s if call else None,
        internal=bool(call and call.internal) or _is_ours(desk, survey.phone),
        category=ticket.category if ticket else None,
        ticket_is_over=ticket is not None and is_over(ticket.status),
        somebody=bool(survey.known_by),
        template=row is not None and desk.policy.template(row.template) is not None,
        ways=len(_ways(desk, row)) if row else 0,
        consent=await desk.agreed(tx, survey.known_by),
        restricted=aside.restricted,
        child=aside.child,
        asked_at=await surveys.asked_last(tx, survey.known_by, but_not=survey.id) if survey.known_by else None,
        ticket_open_loop=looping,
    )


def _is_ours(desk: SurveyDesk, phone: str | None) -> bool:
    """Say whether a number is one of the house: a line's, a colleague's."""
    directory = desk.tickets.directory.now
    return phone is not None and phone in directory.internal.staff | directory.internal.lines


def _ways(desk: SurveyDesk, row: AskEntry) -> list[str]:
    """Return the ways of a row that are open: their connection sends messages, and our page can be reached."""
    entry, connections = desk.policy.entry, desk.tickets.directory.now.connections
    messages = [name for name in row.by if name != IVR and desk.public_url]
    found = {name: connections.get(entry.ways[name].connection) for name in messages}
    return [name for name in messages if (system := found[name]) is not None and system.needs(SEND) is not None]


async def _send(tx: Transaction, desk: SurveyDesk, survey: Survey, *, policy: SurveyPolicy, now: datetime) -> Survey:
    """Promise the message for when the customer may be disturbed."""
    at = allowed_at(desk, survey, now, policy=policy)
    known = {
        "language": language_of(desk, survey),
        "token_hash": token_hash(desk.token(survey.id)),
        "expires_at": at + timedelta(hours=policy.entry.expires_h),
    }
    ready = survey.model_copy(update=known)
    await promise_message(tx, policy, Message(survey.id, survey.way or "", at), now=now)
    return ready


async def promise_message(tx: Transaction, policy: SurveyPolicy, message: Message, *, now: datetime) -> None:
    """Promise a survey's message; the first by each way, and the reminder, are promised once."""
    effect = Effect(
        connection=policy.entry.ways[message.way].connection,
        operation=SEND,
        object_kind=SURVEY,
        object_id=str(message.survey_id),
        order_key=f"{SURVEY}:{message.survey_id}",
        inputs={"way": message.way, "reminder": message.reminder},
        key=f"{message.survey_id}:{'reminder' if message.reminder else message.way}",
        blocks=False,
        priority="bulk",
        not_before=message.at if message.at > now else None,
    )
    await promise(tx, effect, now=now)


def allowed_at(desk: SurveyDesk, survey: Survey, at: datetime, *, policy: SurveyPolicy) -> datetime:
    """Return the first moment from `at` on at which the customer may be disturbed, by the clock where they are."""
    zones: tuple[ZoneInfo, ...] = zones_of(survey.phone) if survey.phone else ()
    return first_allowed(at, policy.entry.quiet, zones or (desk.tickets.policy.zone,))


def language_of(desk: SurveyDesk, survey: Survey) -> SurveyLanguage:
    """Return the language of the line that was called."""
    return "en" if desk.tickets.directory.now.line_of(survey.line).language == "en" else "zh-CN"
