"""From a number or a record to everything that is one person's: what the index holds, and what the systems say now."""

from dataclasses import dataclass
from typing import Any

from tieline.domain.customer_query import CustomerQuery
from tieline.domain.data_subject import DataSubject
from tieline.domain.errors import NotFound, RequestRefused, StateConflict
from tieline.domain.people import Person
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import normalise
from tieline.domain.phone_written import numbers_written_in
from tieline.domain.references import ExternalRef
from tieline.services.customers import profile
from tieline.services.pop_desk import PopDesk
from tieline.store import identity_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom it is about: a number, or a record as `crm:003xx`; and why."""

    reason: str
    phone: str | None = None
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class FoundSubject:
    """The person, their profile as the systems tell it, and how each system answered."""

    subject: DataSubject
    profiles: tuple[dict[str, Any], ...]
    sources: dict[str, dict[str, Any]]


async def find(desk: PopDesk, wanted: Wanted) -> FoundSubject:
    """Say who is meant. A system that does not answer now stands in `sources`; what the index knows of it counts.

    Raises: RequestRefused: neither number nor record, or none that can be read. StateConflict (`subject_ambiguous`): several
    people carry the number; name one of their records.
    """
    if (wanted.phone is None) == (wanted.ref is None):
        raise RequestRefused("Name one number or one record.", code="subject_required")
    return await (_by_number(desk, wanted.phone) if wanted.phone is not None else _by_ref(desk, wanted.ref or ""))


async def _by_number(desk: PopDesk, written: str) -> FoundSubject:
    line = desk.directory.now.line_of(None)
    number = normalise(written, line=line)
    if number.key is None:
        raise RequestRefused("A hidden or internal number names no customer.", code="phone_invalid")
    found = await profile.find(desk, CustomerQuery(phone=written))
    refs = {ref for person in found.people for ref in _refs(person)}
    async with desk.database.read() as conn:
        refs |= set(await identity_of.parties(conn, [number.key]))
    if len(found.people) > 1 or len({ref.connection for ref in refs}) < len(refs):
        raise StateConflict("Several people carry this number.", code="subject_ambiguous", hint="Name one record, as crm:003xx.")
    return await _gathered(desk, refs, found, numbers=[number])


async def _by_ref(desk: PopDesk, written: str) -> FoundSubject:
    try:
        ref = ExternalRef.parse(written)
    except ValueError as exc:
        raise RequestRefused("A record is written connection:id.", code="ref_invalid") from exc
    try:
        found = await profile.read(desk, ref)
    except NotFound:
        found = profile.Found((), ())  # Gone there already, or never was: what we hold of it is still theirs.
    refs = {ref, *(other for person in found.people for other in _refs(person))}
    return await _gathered(desk, refs, found, numbers=[])


async def _gathered(desk: PopDesk, refs: set[ExternalRef], found: profile.Found, *, numbers: list[PhoneNumber]) -> FoundSubject:
    line = desk.directory.now.line_of(None)
    async with desk.database.read() as conn:
        known = await identity_of.numbers(conn, refs)
        written = [*known, *(phone for person in found.people for one in person.customers for phone in one.phones)]
        numbers += [number for text in written for number in numbers_written_in(text, line=line)]
        theirs = {number.key: number for number in numbers if number.key}
        shared = {key for key in theirs if set(await identity_of.parties(conn, [key])) - refs}
    own = tuple(number for key, number in theirs.items() if key not in shared)
    subject = DataSubject(own, tuple(sorted(refs, key=str)), tuple(sorted(shared)))
    return FoundSubject(subject, tuple(found.profiles()), found.sources())


def _refs(person: Person) -> list[ExternalRef]:
    return [ExternalRef.parse(ref) for ref in person.refs]
