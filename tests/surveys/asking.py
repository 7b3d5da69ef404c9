"""A company that asks its customers, and one customer after the other: rung, asked, answering."""

import itertools
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from tests.api.front_door import FrontDoor, open_door, rows

from tieline.domain.delivery import Delivered, GivenUp
from tieline.services.call_settling import settle
from tieline.services.surveys import deciding
from tieline.services.surveys.sink import SurveySink
from tieline.store import consents, deliveries
from tieline.store.consents import Consent

__all__ = ["SURVEYS", "Asking", "open_door"]
LINE, ENGLISH_LINE = "+861065543800", "+861065543877"
SCOPES: Final = (
    *("events.write", "surveys.read", "surveys.prompt", "feedback.read", "feedback.write", "tickets.read", "tickets.write"),
)
SURVEYS: Final = """\
  sms: {connector: heron_pbx, config: {base_url: "https://sms.test.example"}, secrets: {api_token: env:TIELINE_TEST_SMS_TOKEN, hook_secret: env:TIELINE_TEST_SMS_TOKEN}}
  backup: {connector: heron_pbx, config: {base_url: "https://sms2.test.example"}, secrets: {api_token: env:TIELINE_TEST_SMS_TOKEN, hook_secret: env:TIELINE_TEST_SMS_TOKEN}}
surveys:
  quiet_hours: null
  guards: {internal_categories: [内部]}
  ways:
    sms: {connection: sms}
    backup: {connection: backup}
  ask:
    - {after: call, template: nps, by: [ivr], queues: [voice_box]}
    - {after: call, template: csat, by: [sms, backup]}
    - {after: ticket, template: csat, by: [sms]}
    - {after: second_contact, template: ces, by: [sms]}
"""  # noqa: E501 - an apply file
_LINK: Final = re.compile(r"https://call\.example/s/([A-Za-z0-9_-]+)$")
Json = dict[str, Any]


@dataclass
class Asking:
    """The application and its customers. Each is somebody else: their numbers are counted up."""

    door: FrontDoor
    numbers: Any = field(default_factory=lambda: itertools.count(13_911_330_001))

    def somebody(self) -> str:
        """Return a number nobody had before."""
        return f"+86{next(self.numbers)}"

    async def call(self, phone: str, *, agent: str = "1001", talk: timedelta = timedelta(minutes=2), **told: Any) -> str:  # noqa: ANN401 - JSON
        """Let somebody be served, settle the call, and look at what is to be asked. Return the call's id."""
        call_id = f"c-{uuid.uuid4().hex}"
        now = self.door.house.clock()
        moments = {"ringing": now - talk - timedelta(seconds=40), "answered": now - talk - timedelta(seconds=30)}
        moments["ended"] = now - timedelta(seconds=30)
        if told.pop("unanswered", False):
            del moments["answered"]
        for kind, at in moments.items():
            await self.tell(call_id, kind, phone, agent=agent, at=at, **told)
        await self.settle(call_id)
        return call_id

    async def tell(self, call_id: str, kind: str, phone: str, *, agent: str, at: datetime, **told: Any) -> None:  # noqa: ANN401 - JSON
        """Tell one event of a call."""
        event = {"call_id": call_id, "type": kind, "from": phone, "to": LINE, "agent": agent, "at": at.isoformat(), **told}
        answer = await self.ask("POST", "/v1/call-events", json=event)
        assert answer.status_code == 202, answer.text

    async def settle(self, call_id: str) -> None:
        """Let the worker see that a call is over, and decide about what is to be asked."""
        house = self.door.house
        for (found,) in await rows(self.door, "SELECT id FROM interactions WHERE call_key = %s", call_id):
            await settle(house.calls, found, house.clock() + timedelta(seconds=10))
        await self.decide()

    async def decide(self) -> None:
        """Let the worker decide about every occasion."""
        for one in await deciding.waiting(self.door.house.surveys):
            await deciding.decide(self.door.house.surveys, one)

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx takes many kinds
        """Ask as a machine that may."""
        return await self.door.ask(method, path, headers=await self.door.signed(*SCOPES), **options)

    async def keyed(self, path: str, **body: Any) -> Json:  # noqa: ANN401 - JSON
        """Ask for something that is done once under a key."""
        headers = {**await self.door.signed(*SCOPES), "Idempotency-Key": uuid.uuid4().hex}
        answer = await self.door.ask("POST", path, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        found: Json = answer.json()
        return found

    async def consent(self, phone: str, *, given: bool) -> None:
        """Write down what somebody said of surveys."""
        house, now = self.door.house, self.door.house.clock()
        (subject,) = house.surveys.spoken_of_as([phone])
        word = Consent(subject, "survey", given, "1", "call", now, now, "test")
        async with house.database.begin() as tx:
            await consents.add(tx, word)

    async def ticket(self, **wish: Any) -> str:  # noqa: ANN401 - JSON
        """Open a ticket and return its id."""
        return str((await self.keyed("/v1/tickets", **wish))["id"])

    async def close(self, ticket: str, ending: str = "resolved") -> None:
        """Close it, and decide about what is to be asked then."""
        await self.keyed(f"/v1/tickets/{ticket}/close", ending=ending)
        await self.decide()

    async def surveys(self, **query: str) -> list[Json]:
        """Return surveys, the last proposed first."""
        answer = await self.ask("GET", "/v1/surveys", params=query)
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.json()["items"]
        return items

    async def survey_of(self, call_id: str) -> Json:
        """Return the survey about a call."""
        (found,) = await self.surveys(call_id=call_id)
        return found

    async def send(self, survey: Json, *, way: str = "sms", fails: str | None = None) -> str | None:
        """Do what the delivery of a survey's message does, but for the sending. Return the token in it, if there was one."""
        house, sink = self.door.house, SurveySink(self.door.house.surveys)
        async with house.database.read() as conn:
            found = [one for one in await deliveries.of_object(conn, "survey", survey["id"]) if one.connection == way]
        inputs = await sink.prepare(found[-1])
        async with house.database.begin() as tx:
            if fails is not None:
                await sink.given_up(tx, found[-1], GivenUp("dead", fails))
            else:
                await sink.delivered(tx, found[-1], Delivered(how="needless" if inputs is None else "answered"))
        said = _LINK.search(inputs["record"]["text"]) if inputs is not None else None
        return said[1] if said else None

    async def invited(self, phone: str | None = None, **told: Any) -> str:  # noqa: ANN401 - JSON
        """Let somebody be served and asked; return the token of their page."""
        survey = await self.survey_of(await self.call(phone or self.somebody(), **told))
        assert survey["state"] == "sending", survey
        token = await self.send(survey)
        assert token is not None
        return token

    async def page(self, method: str, path: str, *, address: str = "127.0.0.1", **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx takes many kinds
        """Ask as somebody with a browser, signed in nowhere."""
        headers = {"Accept-Language": "zh-CN", **options.pop("headers", {})}
        async with self.door.client(address=address) as client:
            return await client.request(method, path, headers=headers, **options)

    async def answer(self, token: str, score: int, text: str = "", **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx takes many kinds
        """Send the page's form."""
        return await self.page("POST", f"/s/{token}", data={"score": str(score), "text": text}, **options)

    async def row(self, token: str) -> Json:
        """Return what is kept of the survey with a token."""
        survey_id = next(one for one in await rows(self.door, "SELECT id FROM surveys") if self._token(one[0]) == token)[0]
        return next(one for one in await self.surveys() if one["id"] == str(survey_id))

    def _token(self, survey_id: UUID) -> str:
        return self.door.house.surveys.token(survey_id)
