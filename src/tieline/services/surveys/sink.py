"""Owner of survey messages: what is sent, by which way, and what follows once it is out or cannot be sent."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from tieline.connectors.connection import VendorConnection
from tieline.domain.delivery import Delivered, Delivery, GivenUp
from tieline.domain.errors import NotFound, VendorMisconfigured
from tieline.domain.survey import OPEN, Survey
from tieline.kit.deadline import Deadline
from tieline.services.delivery.sinks import Inputs
from tieline.services.surveys.deciding import Message, allowed_at, promise_message
from tieline.services.surveys.desk import SurveyDesk
from tieline.services.surveys.policy_file import TemplateEntry, WayEntry
from tieline.services.tickets.counterpart import customer_there
from tieline.store import deliveries, surveys
from tieline.store.database import Transaction

ASK_WITHIN_S: Final = 5.0


class SurveySink:
    """Owner of deliveries about surveys."""

    def __init__(self, desk: SurveyDesk) -> None:
        self._desk = desk

    async def prepare(self, delivery: Delivery) -> Inputs | None:
        """Return the message; None: it was answered, ran out, or the customer wants none any more."""
        survey = await self._still_wanted(UUID(delivery.object_id))
        if survey is None:
            return None
        entry = self._desk.policy.entry
        way = entry.ways.get(str(delivery.inputs["way"]))
        template = self._desk.policy.template(survey.template)
        connection = self._desk.tickets.directory.now.connections.get(delivery.connection)
        if way is None or template is None or connection is None:
            raise VendorMisconfigured("The survey's rules no longer name this way.", code="survey_way_gone")
        values = {**self._message(survey, way, template), "to": await self._address(survey, way, connection)}
        mapping = self._desk.tickets.directory.now.books.get(connection.name, {}).get("message")
        if mapping is None:
            raise VendorMisconfigured("The connection has no rows for messages.", code="message_unmapped")
        return {"record": mapping.write(values, current=None, is_new=True)}

    async def delivered(self, tx: Transaction, delivery: Delivery, result: Delivered) -> None:
        """Note that it is out, and promise the reminder. The message itself, with the page's address in it, is forgotten."""
        await deliveries.forget_sent(tx, delivery.id)
        survey = await surveys.lock(tx, UUID(delivery.object_id))
        if survey is None or result.how == "needless":
            return
        now = self._desk.tickets.clock()
        if delivery.inputs.get("reminder"):
            await surveys.save(tx, survey.model_copy(update={"reminded_at": now}))
            return
        sent = survey.model_copy(update={"sent_at": now, "way": str(delivery.inputs["way"])})
        await surveys.save(tx, sent.model_copy(update={"state": "sent"}) if survey.state in {"sending", "failed"} else sent)
        await self._promise_reminder(tx, sent)

    async def given_up(self, tx: Transaction, delivery: Delivery, reason: GivenUp) -> None:
        """Take the next way; without one the survey has failed, and why is kept. A reminder that fails is just none."""
        survey = await surveys.lock(tx, UUID(delivery.object_id))
        if reason.state != "unknown":  # Of what may have arrived, a person must still see what was sent.
            await deliveries.forget_sent(tx, delivery.id)
        if survey is None or delivery.inputs.get("reminder") or survey.state != "sending":
            return
        now, policy = self._desk.tickets.clock(), self._desk.policy
        row = next((one for one in policy.entry.ask if one.after == survey.occasion and survey.way in one.by), None)
        ways = [way for way in (row.by[row.by.index(survey.way or "") + 1 :] if row else ()) if way in policy.entry.ways]
        if not ways or reason.state == "unknown":
            reasons = (*survey.reasons, f"{survey.way}:{reason.code}")
            await surveys.save(tx, survey.model_copy(update={"state": "failed", "reasons": reasons}))
            return
        tried = (*survey.reasons, f"{survey.way}:{reason.code}")
        await surveys.save(tx, survey.model_copy(update={"way": ways[0], "reasons": tried}))
        at = allowed_at(self._desk, survey, now, policy=policy)
        await promise_message(tx, policy, Message(survey.id, ways[0], at), now=now)

    async def _still_wanted(self, survey_id: UUID) -> Survey | None:
        async with self._desk.tickets.database.read() as conn:
            survey = await surveys.find(conn, survey_id)
            if survey is None or survey.state not in OPEN or survey.is_past(self._desk.tickets.clock()):
                return None
            aside = await self._desk.set_aside(conn, survey, today=self._desk.tickets.clock().date())
            refused = await self._desk.agreed(conn, survey.known_by) is False
            return None if refused or any(aside) else survey

    def _message(self, survey: Survey, way: WayEntry, template: TemplateEntry) -> dict[str, Any]:
        """Return what is said: in words, and as the vendor's template with its values."""
        places = {"link": self._desk.address(survey.id), "token": self._desk.token(survey.id)}
        language = survey.language or "zh-CN"
        words = template.message.get(language) or next(iter(template.message.values()))
        said: dict[str, Any] = {"text": words.format_map(places)}
        named = way.template_in(language)
        if named is not None:
            said |= {"template": named, "values": tuple(value.format_map(places) for value in way.values)}
        return said

    async def _address(self, survey: Survey, way: WayEntry, connection: VendorConnection) -> str:
        """Return whom to send it to. Raises: NotFound: this way does not lead to the customer."""
        match way.to:
            case "phone":
                found = survey.phone
            case "customer_id":
                found = await customer_there(self._desk.tickets, survey, connection)
            case "email":
                found = await self._email(survey)
        if found is None:
            raise NotFound("This way does not lead to the customer.", code=f"{way.to}_unknown")
        return found

    async def _email(self, survey: Survey) -> str | None:
        """Ask the system that knows the customer for their first e-mail address."""
        name, _, external_id = (survey.customer_ref or "").partition(":")
        directory = self._desk.tickets.directory.now
        system, mapping = directory.connections.get(name), directory.books.get(name, {}).get("customer")
        if system is None or mapping is None or system.needs("customer.get") is None:
            return None
        answer = await system.run("customer.get", deadline=Deadline.after(ASK_WITHIN_S), customer_id=external_id)
        emails = mapping.read(answer.records[0]).get("emails") if answer.records else None
        return str(emails[0]) if emails else None

    async def _promise_reminder(self, tx: Transaction, survey: Survey) -> None:
        policy, now = self._desk.policy, self._desk.tickets.clock()
        if not policy.entry.remind_after_h or survey.way not in policy.entry.ways:
            return
        at = allowed_at(self._desk, survey, now + timedelta(hours=policy.entry.remind_after_h), policy=policy)
        if survey.expires_at is not None and at < survey.expires_at:
            await promise_message(tx, policy, Message(survey.id, survey.way, at, reminder=True), now=now)
