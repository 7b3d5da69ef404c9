"""The one world all simulated systems look at, each with its own ids, its own share of the people and its own words."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from tieline.sandbox import demo, history
from tieline.sandbox.crowd import crowd
from tieline.sandbox.numbers import key_of
from tieline.sandbox.population import Membership, Opinion, Order, Person, System, Ticket

SEED = 20261122
CROWD_SIZE = 3000


class World:
    """People, orders, tickets, accounts and opinions, by phone or person. Orders and tickets may change, people do not."""

    def __init__(self, *, now: datetime, seed: int = SEED, crowd_size: int = CROWD_SIZE) -> None:
        generated = tuple(crowd(seed, size=crowd_size, now=now))
        known = demo.people(now)
        self.people: dict[int, Person] = {person.key: person for person in (*known, *generated)}
        self.orders: dict[str, Order] = {}
        self.tickets: dict[int, Ticket] = {}
        self._orders_of: defaultdict[int, list[Order]] = defaultdict(list)
        self._tickets_of: defaultdict[int, list[Ticket]] = defaultdict(list)
        self._opinions_of: defaultdict[int, list[Opinion]] = defaultdict(list)
        self._memberships: dict[int, Membership] = {}
        self._by_phone = _phone_index(self.people.values())
        self._fill_demo(known, now)
        for person in generated:
            self._fill(person, seed, now)

    def _fill_demo(self, people: Iterable[Person], now: datetime) -> None:
        for person in people:
            if "erp" in person.known_to:
                self._memberships[person.key] = history.membership_of(person, SEED, now)
        self._memberships.update((known.person, known) for known in demo.memberships(now))
        for order in demo.orders(now):
            self._add_order(order)
        for ticket in demo.tickets(now):
            self.add_ticket(ticket)
        for opinion in demo.opinions(now):
            self._opinions_of[opinion.person].append(opinion)

    def _fill(self, person: Person, seed: int, now: datetime) -> None:
        if "erp" in person.known_to:
            self._memberships[person.key] = history.membership_of(person, seed, now)
            for order in history.orders_of(person, seed, now):
                self._add_order(order)
        if "helpdesk" in person.known_to:
            for ticket in history.tickets_of(person, seed, now):
                self.add_ticket(ticket)
        self._opinions_of[person.key].extend(history.opinions_of(person, seed, now))

    def _add_order(self, order: Order) -> None:
        self.orders[order.number] = order
        self._orders_of[order.person].append(order)

    def add_ticket(self, ticket: Ticket) -> None:
        """Let the helpdesk know one more ticket; its number must be new."""
        self.tickets[ticket.number] = ticket
        self._tickets_of[ticket.person].append(ticket)

    def next_ticket_number(self) -> int:
        """Return the number the next ticket gets."""
        return max(self.tickets) + 1

    def callers(self, phone: str, system: System) -> Sequence[Person]:
        """Return who `system` knows under this number, however it is spelled; merged records are not found by number.

        A number without an extension finds everybody behind it, one with an extension only who has that.
        """
        found = (self.people[key] for key in self._by_phone.get(key_of(phone), ()))
        return [person for person in found if system in person.known_to and person.merged_into is None]

    def residents(self, system: System) -> list[Person]:
        """Return everybody in `system`, in the order of their keys."""
        return [person for person in self.people.values() if system in person.known_to]

    def orders_of(self, person: int) -> list[Order]:
        """Return the person's orders, newest first."""
        return sorted(self._orders_of.get(person, ()), key=lambda order: order.placed_at, reverse=True)

    def tickets_of(self, person: int) -> list[Ticket]:
        """Return the person's tickets, newest first."""
        return sorted(self._tickets_of.get(person, ()), key=lambda ticket: ticket.opened_at, reverse=True)

    def opinions_of(self, person: int) -> list[Opinion]:
        """Return what the person answered, in the order given."""
        return list(self._opinions_of.get(person, ()))

    def membership_of(self, person: int) -> Membership | None:
        """Return the person's account with the shop, if there is one."""
        return self._memberships.get(person)


def _phone_index(people: Iterable[Person]) -> dict[str, list[int]]:
    index: defaultdict[str, list[int]] = defaultdict(list)
    for person in people:
        for phone in person.phones:
            exact = key_of(phone)
            for number in {exact, exact.partition("x")[0]}:
                index[number].append(person.key)
    return dict(index)
