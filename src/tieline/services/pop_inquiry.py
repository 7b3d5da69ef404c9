"""One look-up under way: what was asked, what has come in, and what that makes of the caller."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar, cast

from tieline.domain.customer import Customer
from tieline.domain.errors import Overloaded
from tieline.domain.match_context import Contact, Mention
from tieline.domain.match_verdict import Verdict
from tieline.domain.narrowing import Narrowed
from tieline.domain.order import Order
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import normalise
from tieline.domain.pop_blocks import PROFILE_KIND
from tieline.domain.repeat_caller import PastCall
from tieline.domain.screen_pop import Match, ShownCall
from tieline.domain.standing import Judged
from tieline.domain.ticket import Ticket
from tieline.kit.clock import monotonic_s
from tieline.kit.deadline import Deadline
from tieline.services.flights import Flight, Flights
from tieline.services.identification import (
    NOTHING_SAID,
    Evidence,
    Remembered,
    Setting,
    country_prefix,
    doubtful_records,
    identify,
    remember,
    without_erased,
)
from tieline.services.pop_asked import ASKED_AGAIN, Asked
from tieline.services.pop_desk import PopDesk
from tieline.services.pop_questions import Plan
from tieline.services.privacy.restricted import LABEL
from tieline.services.seeing import narrowed_by_agent, narrowed_by_customer
from tieline.services.sources import Question
from tieline.store.memory import Recall

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
        self.judged: tuple[Judged, ...] = ()
        self.memory_failed = False
        anew = asked.reason == ASKED_AGAIN
        self.flights = Flights(desk.cache, limit_s=desk.late_answer_ms / 1000, now=asked.at, erased=desk.erased, anew=anew)
        self._desk = desk
        self._plan = Plan(directory.sources, asked.agent.id if asked.agent is not None else None, self.caller)
        self._setting = Setting(
            line=self.line,
            now=asked.at,
            trust=tuple(source.name for source in directory.sources.get(PROFILE_KIND.record, ())),
            agent=asked.agent,
            chosen_ref=asked.chosen_ref,
            verified=asked.verified,
        )
        self._said: Evidence | None = None
        self._verdict: Verdict | None = None
        self._erased_version = desk.erased.version

    @property
    def narrowed(self) -> tuple[Narrowed, ...]:
        """Return what is taken away from what the asker sees, by all that is known now."""
        if self._desk.erased.restricted.number(self.caller.key):
            return (LABEL,)
        told, chosen = narrowed_by_agent(self._desk, self.asked.agent), self.verdict.chosen
        if chosen is None:
            return told
        answered = {flight.question.source.name for flight in self.profiles if flight.best is not None}
        by = narrowed_by_customer(
            self._desk, chosen.customers, agent=self.asked.agent, role=self.asked.seen_by, answered=answered
        )
        of_child = self._desk.children.narrowed(
            chosen.customers, refs=chosen.refs, number=self.caller.key, today=self.asked.at.date()
        )
        return (*told, *by, *of_child)

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
        for question in self._plan.by_phone():
            self.flights.start(question)
        try:
            await self._recollect()
        except Overloaded:
            self.memory_failed = True
        self._ask_further()
        if self.asked.agent is not None:
            await self._desk.agents_said.make_ready(self._desk.directory.now, self.asked.agent)

    async def advance(self, deadline: Deadline) -> bool:
        """Wait for the next answer and follow it up; say whether there was one before the deadline."""
        landed = await self.flights.land_next(deadline, now=self._desk.clock)
        if landed:
            self._said = self._verdict = None
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
        self._forget_the_erased()
        if self._verdict is None:
            self._verdict = identify(self.caller, self.remembered, self.said, setting=self._setting)
        return self._verdict

    @property
    def match(self) -> Match:
        """Return how sure it is by now who calls."""
        return self.verdict.while_searching() if self.is_searching else self.verdict.match

    @property
    def said(self) -> Evidence:
        """Return what the systems have said by now."""
        self._forget_the_erased()
        if self._said is None:
            self._said = self._evidence()
        return self._said

    def _forget_the_erased(self) -> None:
        """Think again if somebody was erased since."""
        if self._erased_version != self._desk.erased.version:
            self._erased_version = self._desk.erased.version
            self.remembered = without_erased(self.remembered, self._desk.erased)
            self._said = self._verdict = None

    @property
    def profiles(self) -> list[Flight]:
        """Return the searches for the caller, in order of trust, and the looks at single records that followed."""
        return [flight for flight in self.flights if flight.question.source.record == PROFILE_KIND.record]

    @property
    def is_searching(self) -> bool:
        """Say whether some search for the caller has not come back yet."""
        return any(flight.pending for flight in self.profiles)

    @property
    def systems(self) -> frozenset[str]:
        """Return the systems that have said something, now or before."""
        told = [flight.question for flight in self.flights if flight.state != "unavailable"]
        return frozenset([question.source.name for question in told if question.follows is None])

    @property
    def gone(self) -> frozenset[str]:
        """Return the references of remembered records that their system no longer has."""
        return _gone_by(self.profiles)

    def _ask_further(self) -> None:
        """Put what follows from the answers so far; what is kept from before answers at once and may lead further."""
        if not self._plan.leads_further or (not self.remembered.known and all(flight.best is None for flight in self.profiles)):
            return
        while [question for question in self._follow_ups() if self.flights.start(question)]:
            self._said = self._verdict = None

    def _follow_ups(self) -> Iterator[Question]:
        yield from self._plan.by_reference(doubtful_records(self.remembered, self.said))
        if self._plan.tells_people_apart:
            yield from self._plan.by_customer(self.verdict)

    def _evidence(self) -> Evidence:
        profiles = self.profiles
        answered = [flight for flight in profiles if flight.best is not None]
        if not answered and not self.flights.any_landed:
            return NOTHING_SAID
        searches = [flight for flight in answered if flight.question.follows is None]
        tickets = self._models(Ticket)
        return Evidence(
            customers=self._customers(searches),
            followed=self._customers([flight for flight in answered if flight.question.follows is not None]),
            gone=_gone_by(answered),
            answered=frozenset(flight.question.source.name for flight in searches),
            all_answered=len(answered) == len(profiles),
            contact=Contact.gather(self._models(Order), tickets, last_contact_at=self.past[0].started_at if self.past else None),
            mentions=tuple(Mention("ticket", ticket.number or ticket.ref.id) for ticket in tickets),
        )

    @staticmethod
    def _customers(flights: list[Flight]) -> tuple[Customer, ...]:
        return tuple(model for flight in flights if flight.best for model in flight.best.models if type(model) is Customer)

    def _models(self, kind: type[Model]) -> list[Model]:
        answers = [best.models for flight in self.flights if (best := flight.best) is not None and best.models]
        return [cast("Model", model) for models in answers if isinstance(models[0], kind) for model in models]

    async def _recollect(self) -> None:
        asked, caller = self.asked, self.caller
        recall = Recall(
            e164=caller.key or "",
            now=asked.at,
            extension=caller.extension or "",
            country_prefix=country_prefix(caller, self.line),
            ref=asked.chosen_ref,
            leave_out=(asked.provider, asked.call_key) if asked.provider and asked.call_key else None,
        )
        recalled = await self._desk.memory.recall(recall)
        self.past, self.judged = recalled.past, recalled.judged
        remembered = await remember(self._desk.memory, recalled.found, caller, self.line)
        self.remembered = without_erased(remembered, self._desk.erased)


def _gone_by(profiles: Iterable[Flight]) -> frozenset[str]:
    return frozenset(
        [
            flight.question.follows
            for flight in profiles
            if flight.question.follows and flight.best is not None and not flight.best.models
        ]
    )
