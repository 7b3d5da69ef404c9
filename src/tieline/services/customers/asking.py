"""Ask several systems at once, by one deadline; each answer comes with its state, as the blocks of a pop do."""

from collections.abc import Iterable
from typing import Any

from tieline.domain.customer import Customer
from tieline.kit.deadline import Deadline
from tieline.services.flights import Flight, Flights
from tieline.services.pop_desk import PopDesk
from tieline.services.sources import Question


async def ask_all(desk: PopDesk, questions: Iterable[Question], *, anew: bool = False) -> tuple[Flight, ...]:
    """Put every question and wait for all answers or the desk's deadline; what is late still reaches the cache.

    `anew`: what is kept is never fresh enough, because the answer is acted upon.
    """
    flights = Flights(desk.cache, limit_s=desk.late_answer_ms / 1000, now=desk.now(), erased=desk.erased, anew=anew)
    for question in questions:
        flights.start(question)
    deadline = Deadline.after(desk.deadline_ms / 1000)
    while await flights.land_next(deadline, now=desk.clock):
        pass
    return tuple(flights)


def customers_in(flights: Iterable[Flight]) -> list[Customer]:
    """Return the customers the systems spoke of, in the order they were asked."""
    return [model for flight in flights if flight.best for model in flight.best.models if isinstance(model, Customer)]


def items_in(flights: Iterable[Flight]) -> list[dict[str, Any]]:
    """Return the records the systems spoke of, as documents."""
    return [dict(item) for flight in flights if flight.best for item in flight.best.items]


def states_of(flights: Iterable[Flight]) -> dict[str, dict[str, Any]]:
    """Return, by connection, whether its answer is live, cached, stale or unavailable, since when, and why."""
    told: dict[str, dict[str, Any]] = {}
    for flight in flights:
        block = flight.block(shown=False)
        told[block.source] = block.model_dump(include={"state", "as_of", "took_ms", "error", "truncated"})
    return told
