"""The exchange asks itself, at the end of a call: whether to, and under which token the answer is to come."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from tieline.domain.errors import NotFound
from tieline.domain.survey import Survey
from tieline.domain.survey_guards import SERVED, objections
from tieline.kit.ids import time_ordered_id
from tieline.services.surveys.answering import Asked
from tieline.services.surveys.deciding import facts_of, language_of
from tieline.services.surveys.desk import SurveyDesk, token_hash
from tieline.services.surveys.policy_file import IVR
from tieline.store import call_records, surveys
from tieline.store.call_records import CallRecord
from tieline.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Prompted:
    """Ask under `token`, or do not for these reasons."""

    reasons: tuple[str, ...] = ()
    token: str | None = None
    asked: Asked | None = None


async def prompt(desk: SurveyDesk, call_id: str) -> Prompted:
    """Decide for a call under way or just over; asked again, the answer is the same. Raises: NotFound: there is no such call."""
    async with desk.tickets.database.begin() as tx:
        call = await call_records.hold(tx, call_id)
        if call is None:
            raise NotFound
        survey = await surveys.of_subject(tx, "call", str(call.id)) or await _decide(tx, desk, call)
    template = desk.policy.template(survey.template)
    if survey.way != IVR or survey.state not in {"sent", "answered"} or template is None:
        return Prompted(survey.reasons or ("asked_otherwise",))
    return Prompted(token=desk.token(survey.id), asked=Asked(survey, template))


async def _decide(tx: Transaction, desk: SurveyDesk, call: CallRecord) -> Survey:
    """Decide. Only a yes is kept: what there is to object may change until the call is over."""
    now, policy = desk.tickets.clock(), desk.policy
    survey = _occasion(desk, call)
    await surveys.lock_person(tx, survey.known_by)
    row = policy.row(survey, queue=call.queue, category=None)
    if row is None or IVR not in row.by:
        return survey.model_copy(update={"reasons": ("no_prompt",)})
    talked = any(leg.agent is not None and leg.answered_at is not None for leg in await call_records.legs_of(tx, call.id))
    known = await facts_of(tx, desk, survey, (row, call, None), now=now)
    facts = replace(known, outcome=SERVED if talked else None, talk_s=None, somebody=True, ways=1)
    reasons = objections(facts, policy.entry.guards.rules)
    if reasons:
        return survey.model_copy(update={"reasons": reasons})
    ready = {
        "state": "sent",
        "template": row.template,
        "version": policy.version,
        "way": IVR,
        "language": language_of(desk, survey),
        "decided_at": now,
        "sent_at": now,
        "token_hash": token_hash(desk.token(survey.id)),
        "expires_at": now + timedelta(hours=policy.entry.expires_h),
    }
    asked = survey.model_copy(update=ready)
    if await surveys.propose(tx, asked):
        return asked
    return await surveys.of_subject(tx, "call", str(call.id)) or survey


def _occasion(desk: SurveyDesk, call: CallRecord) -> Survey:
    now = desk.tickets.clock()
    return Survey(
        id=UUID(time_ordered_id(now)),
        occasion="call",
        subject=str(call.id),
        call_id=call.call_key if call.id_quality == "given" else None,
        interaction_id=call.id,
        customer_ref=call.customer_ref,
        phone=call.customer_e164 if not call.withheld else None,
        line=call.line,
        proposed_at=now,
    )
