"""One customer across all systems: found by what names them, or by the reference of one of their records."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tieline.domain.customer import Customer
from tieline.domain.customer_query import CustomerQuery
from tieline.domain.errors import NotFound, RequestRefused
from tieline.domain.line import Line
from tieline.domain.match_carry import really_has
from tieline.domain.people import Person, group
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import normalise
from tieline.domain.phone_written import numbers_written_in
from tieline.domain.pop_blocks import PROFILE_KIND
from tieline.domain.profile import shown_customer
from tieline.domain.references import ExternalRef
from tieline.services.customers.asking import ask_all, customers_in, states_of
from tieline.services.flights import Flight
from tieline.services.pop_desk import PopDesk
from tieline.services.sources import Question, Source

SEARCH = "customer.search"
BY_ID = "customer.get"
NUMBERS_FOLLOWED = 3
"""How many of a record's telephones are looked for in the other systems."""


@dataclass(frozen=True, slots=True)
class Found:
    """The people who fit, the most trusted record first, and how each system answered."""

    people: tuple[Person, ...]
    flights: tuple[Flight, ...]

    def profiles(self) -> list[dict[str, Any]]:
        """Return each person's profile, unmasked, with every reference they are known by."""
        return [profile_of(person) for person in self.people]

    @property
    def answered(self) -> frozenset[str]:
        """Return the systems that said what they know."""
        return frozenset(flight.question.source.name for flight in self.flights if flight.best is not None)

    def sources(self) -> dict[str, dict[str, Any]]:
        """Return how each system answered."""
        return states_of(self.flights)


def profile_of(person: Person) -> dict[str, Any]:
    """Return one profile out of a person's records, as a document."""
    return {**shown_customer(person.customers).model_dump(mode="json"), "refs": list(person.refs)}


async def find(desk: PopDesk, query: CustomerQuery) -> Found:
    """Search every system that can be asked this way; what comes back and does not fit the question is left out.

    Raises: RequestRefused: a number that is none (phone_invalid), or is hidden. NotFound: no such connection in `external`.
    """
    if query.external is not None:
        return await read(desk, ExternalRef.parse(query.external))
    line = desk.directory.now.line_of(query.line)
    phone = _searchable(query.phone, line) if query.phone is not None else None
    flights = await ask_all(desk, _searches(desk, query, phone))
    fitting = [customer for customer in customers_in(flights) if _fits(customer, query, phone, line)]
    return Found(_people(desk, fitting), flights)


async def read(desk: PopDesk, ref: ExternalRef) -> Found:
    """Read one record and whatever the other systems hold of the same person. Raises: NotFound."""
    source = _finder(desk, ref.connection)
    first = await ask_all(desk, [_by_id(source, ref.id)])
    own = [customer for customer in customers_in(first) if customer.ref.id == ref.id]
    if not own:
        if first[0].best is not None:
            raise NotFound
        return Found((), first)
    line = desk.directory.now.line_of(None)
    numbers = [number for written in own[0].phones for number in numbers_written_in(written, line=line)][:NUMBERS_FOLLOWED]
    further = await ask_all(desk, _elsewhere(desk, numbers, but_not=ref.connection))
    others = [other for other in customers_in(further) if any(really_has(other, number, line=line) for number in numbers)]
    people = [person for person in _people(desk, [*own, *others]) if str(ref) in person.refs]
    return Found(tuple(people), (*first, *further))


def finders(desk: PopDesk) -> tuple[Source, ...]:
    """Return the systems that know customers, the most trusted first."""
    return desk.directory.now.sources.get(PROFILE_KIND.record, ())


def _finder(desk: PopDesk, connection: str) -> Source:
    source = next((source for source in finders(desk) if source.name == connection), None)
    if source is None or source.connection.needs(BY_ID) is None:
        raise NotFound
    return source


def _searchable(written: str, line: Line) -> PhoneNumber:
    number = normalise(written, line=line)
    if number.key is None:
        raise RequestRefused("A hidden or internal number names no customer.", code="phone_invalid")
    return number


def _searches(desk: PopDesk, query: CustomerQuery, phone: PhoneNumber | None) -> Iterator[Question]:
    operation = PROFILE_KIND.operation if phone is not None else SEARCH
    value = phone if phone is not None else getattr(query, query.way)
    about = f"{query.way} {phone.key if phone is not None else value}"
    for source in finders(desk):
        if query.way in source.connection.takes(operation):
            yield _question(source, operation, {query.way: value}, about)


def _elsewhere(desk: PopDesk, numbers: Iterable[PhoneNumber], *, but_not: str) -> Iterator[Question]:
    for number in numbers:
        for source in finders(desk):
            if source.name != but_not and "phone" in source.connection.takes(PROFILE_KIND.operation):
                yield _question(source, PROFILE_KIND.operation, {"phone": number}, f"phone {number.key}")


def _by_id(source: Source, record_id: str) -> Question:
    return _question(source, BY_ID, {"customer_id": record_id}, f"id {record_id}")


def _question(source: Source, operation: str, inputs: dict[str, Any], about: str) -> Question:
    return Question(
        block=f"{source.name} {about}",
        source=source,
        mapping=source.mapping_for(None),
        operation=operation,
        inputs=inputs,
        about=about,
        fresh=PROFILE_KIND.fresh,
    )


def _fits(customer: Customer, query: CustomerQuery, phone: PhoneNumber | None, line: Line) -> bool:
    """Hold what came back against what was asked: some systems ignore a filter they do not know and return everybody."""
    if phone is not None:
        return really_has(customer, phone, line=line)
    if query.email is not None:
        return query.email.casefold() in {email.strip().casefold() for email in customer.emails}
    return customer.wechat == query.social


def _people(desk: PopDesk, customers: Iterable[Customer]) -> tuple[Person, ...]:
    return group(customers, trust=[source.name for source in finders(desk)])
