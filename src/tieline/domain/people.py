"""Who the records speak of: what several systems and our own index know, brought together person by person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Literal, NamedTuple

from tieline.domain.customer import Customer
from tieline.domain.people_names import NameKey, contradict, fits, name_key, same_name
from tieline.domain.references import ExternalRef, survivor_of

PartyKind = Literal["person", "organization"]


@dataclass(frozen=True, slots=True)
class KnownNumber:
    """One row of the identity index: a number some party carries in some system.

    `direct`: known to reach this party alone. `seen_at`: when the number was last in use or confirmed.
    """

    e164: str
    ref: ExternalRef
    extension: str = ""
    label: str | None = None
    direct: bool = False
    display_name: str | None = None
    party_kind: PartyKind = "person"
    company: str | None = None
    tier: str | None = None
    tags: tuple[str, ...] = ()
    verified: bool = False
    seen_at: datetime | None = None


@dataclass(frozen=True)
class Person:
    """One person or organisation. `customers` are live or cached records in order of trust, `known` rows of the index."""

    customers: tuple[Customer, ...] = ()
    known: tuple[KnownNumber, ...] = ()

    @cached_property
    def refs(self) -> tuple[str, ...]:
        """Every reference, the most trusted first, written `connection:id`."""
        records = (*(customer.ref for customer in self.customers), *(row.ref for row in self.known))
        return tuple(dict.fromkeys(str(ref) for ref in records))

    @property
    def ref(self) -> str:
        """The most trusted reference; it names this person."""
        return self.refs[0]

    @property
    def source(self) -> str:
        """The connection of the most trusted record."""
        return self.ref.partition(":")[0]

    @property
    def kind(self) -> PartyKind:
        """Person or organisation, by the most trusted record."""
        return self.customers[0].kind if self.customers else self.known[0].party_kind

    @property
    def name(self) -> str | None:
        """The most trusted name there is."""
        names = (*(customer.name for customer in self.customers), *(row.display_name for row in self.known))
        return next((name for name in names if name), None)

    @property
    def company(self) -> str | None:
        """The most trusted company there is."""
        companies = (*(customer.company for customer in self.customers), *(row.company for row in self.known))
        return next((company for company in companies if company), None)

    def is_same(self, other: "Person") -> bool:
        """Say whether the two share a record."""
        return not set(self.refs).isdisjoint(other.refs)


class _Record(NamedTuple):
    """What of one record tells people apart."""

    source: Customer | KnownNumber
    refs: frozenset[str]
    kind: PartyKind
    name: NameKey | None
    emails: frozenset[str] = frozenset()
    id_number: str | None = None
    birth_date: date | None = None

    @property
    def connection(self) -> str:
        return self.source.ref.connection


_Party = list[_Record]


def group(customers: Iterable[Customer], known: Iterable[KnownNumber] = (), *, trust: Sequence[str] = ()) -> tuple[Person, ...]:
    """Bring records of one number together into people, in order of trust and then as given.

    One person: the same record; else the same id number, email or complete name, unless something contradicts it. A record
    without a (complete) name joins if exactly one person fits. `trust` lists connections, the most trusted first.
    """
    rank = {connection: position for position, connection in enumerate(trust)}
    records = [*map(_of_customer, customers), *map(_of_known, known)]
    parties: list[_Party] = []
    for record in sorted(records, key=lambda record: rank.get(record.connection, len(rank))):
        _place(record, parties)
    return tuple(_person(party) for party in _with_short_names_attached(parties))


def _place(record: _Record, parties: list[_Party]) -> None:
    own = [party for party in parties if _belongs(record, party)]
    if not own:
        parties.append([record])
        return
    first, *others = own
    first.append(record)
    for other in others:
        if not any(_contradicts(one, two) for one in first for two in other):
            first.extend(other)
            parties.remove(other)


def _belongs(record: _Record, party: _Party) -> bool:
    if any(record.refs & other.refs for other in party):
        return True
    return any(_tied(record, other) for other in party) and not any(_contradicts(record, other) for other in party)


def _tied(one: _Record, other: _Record) -> bool:
    if one.kind != other.kind:
        return False
    same_id = one.id_number is not None and one.id_number == other.id_number
    return same_id or bool(one.emails & other.emails) or same_name(one.name, other.name)


def _contradicts(one: _Record, other: _Record) -> bool:
    """Two id numbers or birth dates; or two names within one system, which keeps two people apart for a reason."""
    return (
        (None not in {one.id_number, other.id_number} and one.id_number != other.id_number)
        or (None not in {one.birth_date, other.birth_date} and one.birth_date != other.birth_date)
        or (one.connection == other.connection and contradict(one.name, other.name))
    )


def _with_short_names_attached(parties: list[_Party]) -> list[_Party]:
    if len(parties) == 1:
        return parties
    complete = [party for party in parties if _complete(party)]
    kept = list(complete)
    for party in parties:
        if party in complete:
            continue
        fitting = [other for other in complete if _may_be(party, other)]
        if len(fitting) == 1:
            fitting[0].extend(party)
        else:
            kept.append(party)
    return [party for party in parties if party in kept]


def _complete(party: _Party) -> bool:
    return any(record.name is not None and not record.name.partial for record in party)


def _may_be(short: _Party, complete: _Party) -> bool:
    if short[0].kind != complete[0].kind or any(_contradicts(one, two) for one in short for two in complete):
        return False
    names = [record.name for record in short if record.name is not None]
    return all(any(fits(name, record.name) for record in complete) for name in names)


def _person(party: _Party) -> Person:
    return Person(
        customers=tuple(record.source for record in party if isinstance(record.source, Customer)),
        known=tuple(record.source for record in party if isinstance(record.source, KnownNumber)),
    )


def _of_customer(customer: Customer) -> _Record:
    survivor = survivor_of(customer.ref, customer.merged_into)
    return _Record(
        source=customer,
        refs=frozenset({str(customer.ref)} if survivor is None else {str(customer.ref), survivor}),
        kind=customer.kind,
        name=name_key(customer.name),
        emails=frozenset(email.strip().casefold() for email in customer.emails if "@" in email and "*" not in email),
        id_number=_plain_id(customer.id_number),
        birth_date=customer.birth_date,
    )


def _of_known(row: KnownNumber) -> _Record:
    return _Record(source=row, refs=frozenset({str(row.ref)}), kind=row.party_kind, name=name_key(row.display_name))


def _plain_id(id_number: str | None) -> str | None:
    """Letters and digits in capitals; a masked one tells nothing."""
    if not id_number or "*" in id_number:
        return None
    return "".join(character for character in id_number.upper() if character.isalnum()) or None
