"""One look-up under way: what was asked, what has come in, and what that makes of the caller."""

import asyncio
from dataclasses import replace
from typing import TypeVar

from tieline.domain.customer import Customer
from tieline.domain.errors import Overloaded
from tieline.domain.match_context import Contact, Mention
from tieline.domain.match_verdict import Verdict
from tieline.domain.order import Order
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import normalise
from tieline.domain.pop_blocks import PROFILE_KIND
from tieline.domain.repeat_caller import PastCall
from tieline.domain.screen_pop import ShownCall
from tieline.domain.ticket import Ticket
from tieline.kit.clock import monotonic_s
from tieline.kit.deadline import Deadline
from tieline.services.flights import Flight, Flights
from tieline.services.identification import NOTHING_SAID, Evidence, Remembered, Setting, identify, remember
from tieline.services.pop_asked import Asked
from tieline.services.pop_desk import PopDesk
from tieline.services.pop_questions import Plan
from tieline.store import call_history

Model = TypeVar("Model", Order, Ticket)


class Inquiry:
    """Asks everybody at once and knows at every moment what can be said. Belongs to one event loop."""

    def __init__(self, desk: PopDesk, asked: Asked) -> None:
        directory = desk.directory.now
        self.asked = asked
        self.started_s = monotonic_s()
        self.line = directory.line_of(asked.called)
        self.caller: PhoneNumber = normalise(asked.phone, line=self.line, internal=directory.internal)
        self.remembered = Remembered()
        self.past: tuple[PastCall, ...] = ()
        self.memory_failed = False
        self.flights = Flights(desk.cache, limit_s=desk.late_answer_ms / 1000, now=asked.at)
        self._desk = desk
        self._plan = Plan(directory.sources, asked.agent.id if asked.agent is not None else None)
        self._setting = Setting(
            line=self.line,
            now=asked.at,
            trust=tuple(source.name for source in directory.sources.get(PROFILE_KIND.record, ())),
            agent=asked.agent,
            chosen_ref=asked.chosen_ref,
            verified=asked.verified,
        )
        self._verdict: Verdict | None = None

    @property
    def asks_nobody(self) -> bool:
        """Say whether the number itself decides: withheld, or one of ours."""
        return self.caller.withheld or self.caller.kind == "internal" or self.asked.direction == "internal"

    @property
    def deadline_s(self) -> float:
        """Return the seconds after which the card counts as complete."""
        return (self.line.pop_deadline_ms or self._desk.deadline_ms) / 1000

    @property
    def took_ms(self) -> int:
        """Return the milliseconds since the question was put."""
        return round((monotonic_s() - self.started_s) * 1000)

    async def open(self) -> None:
        """Put every question that needs only the number, and read our own memory meanwhile."""
        if self.asks_nobody:
            return
        for question in self._plan.by_phone(self.caller):
            self.flights.start(question)
        try:
            self.remembered, self.past = await asyncio.gather(self._remember(), self._recall())
        except Overloaded:
            self.memory_failed = True
        self._ask_further()

    async def advance(self, deadline: Deadline) -> bool:
        """Wait for the next answer and follow it up; say whether there was one before the deadline."""
        landed = await self.flights.land_next(deadline, now=self._desk.clock)
        if landed:
            self._verdict = None
            self._ask_further()
        return landed

    async def settle(self, deadline: Deadline) -> None:
        """Wait until everything has answered, or until the deadline."""
        while await self.advance(deadline):
            pass

    def call_is_now(self, call: ShownCall) -> None:
        """Note how the call stands by now."""
        self.asked = replace(self.asked, call=call)

    @property
    def verdict(self) -> Verdict:
        """Return who calls, by all that is known now."""
        if self._verdict is None:
            self._verdict = identify(self.caller, self.remembered, self._evidence(), setting=self._setting)
        return self._verdict

    @property
    def profiles(self) -> list[Flight]:
        """Return the searches for the caller, in order of trust."""
        return [flight for flight in self.flights if flight.question.source.record == PROFILE_KIND.record]

    def _ask_further(self) -> None:
        for question in self._plan.by_customer(self.verdict) if self._plan.waits_for_customer else ():
            self.flights.start(question)

    def _evidence(self) -> Evidence:
        answered = [flight for flight in self.profiles if flight.best is not None]
        if not answered and not self.flights.any_landed:
            return NOTHING_SAID
        return Evidence(
            customers=tuple(
                model for flight in answered if flight.best for model in flight.best.models if type(model) is Customer
            ),
            answered=frozenset(flight.question.source.name for flight in answered),
            all_answered=len(answered) == len(self.profiles),
            contact=Contact.gather(
                self._models(Order), self._models(Ticket), last_contact_at=self.past[0].started_at if self.past else None
            ),
            mentions=tuple(Mention("ticket", ticket.number or ticket.ref.id) for ticket in self._models(Ticket)),
        )

    def _models(self, kind: type[Model]) -> list[Model]:
        return [model for flight in self.flights if flight.best for model in flight.best.models if isinstance(model, kind)]

    async def _remember(self) -> Remembered:
        return await remember(self._desk.database.pool, self.caller, self.line)

    async def _recall(self) -> tuple[PastCall, ...]:
        own = (self.asked.provider, self.asked.call_key) if self.asked.provider and self.asked.call_key else None
        async with self._desk.database.pool.connection() as connection:
            return await call_history.recent(
                connection, e164=self.caller.key, ref=self.asked.chosen_ref, now=self.asked.at, leave_out=own
            )
