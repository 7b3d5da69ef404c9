"""What a customer does on the page of a survey: look at it, answer it once, opt out of all further ones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tieline.domain.errors import Gone, NotFound
from tieline.domain.feedback import Feedback, checked_score
from tieline.domain.survey import OPEN, Survey
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.services.feedback.intake import keep
from tieline.services.surveys.desk import PURPOSE, SurveyDesk, token_hash
from tieline.services.surveys.policy_file import TemplateEntry
from tieline.store import call_records, consents, happenings, surveys
from tieline.store.consents import Consent
from tieline.store.database import Transaction
from tieline.store.happenings import Happening

LONGEST_TEXT: Final = 2_000
CUSTOMER: Final = Caller(actor="customer", role="service", scopes=frozenset())


@dataclass(frozen=True, slots=True)
class Asked:
    """A survey with what it asks. `over`: it was answered before."""

    survey: Survey
    template: TemplateEntry

    @property
    def over(self) -> bool:
        """Say whether it was answered already."""
        return self.survey.state == "answered"


async def look(desk: SurveyDesk, token: str) -> Asked:
    """Return what a page asks. Raises: NotFound: there is no such page. Gone: its time is over, or the customer opted out."""
    async with desk.tickets.database.read() as conn:
        survey = await surveys.by_token(conn, token_hash(token))
    return _asked(desk, survey, desk.tickets.clock())


async def answer(desk: SurveyDesk, token: str, *, score: int, text: str | None) -> bool:
    """Take the answer; False: it was answered before, which changes nothing. One transaction with all that follows.

    Raises: NotFound. Gone. RequestRefused: the score does not fit (`score_range`).
    """
    async with desk.tickets.database.begin() as tx:
        asked = await _locked(tx, desk, token)
        if asked.over:
            return False
        now = desk.tickets.clock()
        said = _feedback(asked, score, text, now)
        kept = await keep(tx, desk.tickets, said, by=CUSTOMER)
        done = {"state": "answered", "answered_at": now, "feedback_id": kept.feedback.id}
        await surveys.save(tx, asked.survey.model_copy(update=done))
        told = {"by": CUSTOMER.actor, "kind": said.kind}
        await happenings.add(tx, Happening("feedback.received", str(said.id), now, told), now=now)
    return True


async def opt_out(desk: SurveyDesk, token: str) -> None:
    """Ask this customer no more, under whatever we know them by. Raises: NotFound. Gone: except that they opted out before."""
    async with desk.tickets.database.begin() as tx:
        survey = await surveys.by_token(tx, token_hash(token))
        if survey is None:
            raise NotFound
        locked = await surveys.lock(tx, survey.id)
        if locked is None or locked.state == "opted_out":
            return
        now = desk.tickets.clock()
        for subject in desk.spoken_of_as(locked.known_by):
            await consents.add(tx, _refusal(subject, locked, now))
        if locked.state in OPEN:
            await surveys.save(tx, locked.model_copy(update={"state": "opted_out"}))


async def _locked(tx: Transaction, desk: SurveyDesk, token: str) -> Asked:
    found = await surveys.by_token(tx, token_hash(token))
    if found is not None and found.interaction_id is not None:
        await call_records.keep(tx, found.interaction_id)  # Its call first, as by whoever joins that to another.
    survey = await surveys.lock(tx, found.id) if found is not None else None
    return _asked(desk, survey, desk.tickets.clock())


def _asked(desk: SurveyDesk, survey: Survey | None, now: datetime) -> Asked:
    if survey is None:
        raise NotFound
    template = desk.policy.template(survey.template)
    if template is None or (survey.state != "answered" and (survey.state not in OPEN or survey.is_past(now))):
        raise Gone
    return Asked(survey, template)


def _refusal(subject: str, survey: Survey, now: datetime) -> Consent:
    """Return the word of somebody who wants no more of them."""
    return Consent(
        subject=subject,
        purpose=PURPOSE,
        given=False,
        version=f"{survey.template}:{survey.version}",
        channel="form",
        at=now,
        recorded_at=now,
        recorded_by=CUSTOMER.actor,
        evidence=f"survey:{survey.id}",
    )


def _feedback(asked: Asked, score: int, text: str | None, now: datetime) -> Feedback:
    survey, kind = asked.survey, asked.template.kind
    return Feedback(
        id=UUID(time_ordered_id(now)),
        kind=kind,
        score=checked_score(kind, score),
        text=text or None,
        channel=survey.way or "survey",
        call_id=survey.call_id,
        interaction_id=survey.interaction_id,
        ticket_id=survey.ticket_id,
        customer_ref=survey.customer_ref,
        phone=survey.phone,
        agent=survey.agent,
        at=now,
        received_at=now,
        received_by=CUSTOMER.actor,
    )
