"""Teaches the identity index what live answers said, after the pop has been answered and only where something is new."""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import structlog

from tieline.domain.children import child_until
from tieline.domain.customer import Customer
from tieline.domain.errors import Overloaded
from tieline.domain.line import Line
from tieline.domain.merged_records import Heirs
from tieline.domain.people import KnownNumber
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_written import numbers_written_in
from tieline.domain.references import ExternalRef
from tieline.services.privacy.children import Children
from tieline.services.privacy.erased import Erased
from tieline.store import children, identity
from tieline.store.database import Database, driver
from tieline.store.identity import IdentityKey

log = structlog.get_logger()
WAITING_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one look-up found, beside `known`, which is what the index held for the caller.

    Of that, no system has `gone` any more, and `heirs` names whom others were merged into.
    """

    customers: tuple[Customer, ...]
    caller: PhoneNumber
    known: tuple[KnownNumber, ...]
    gone: frozenset[str] = frozenset()
    heirs: Heirs = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    """All the numbers of one record; none: it is to be forgotten. `child_until`: it is a child's, until that day."""

    ref: ExternalRef
    keys: tuple[IdentityKey, ...] = ()
    child_until: date | None = None


class IndexKeeper:
    """One writer per process, so that learning never competes with ringing. What does not fit is learned at the next call.

    What one look-up found is learned in one transaction: a number of two people never looks like the number of one.
    """

    def __init__(self, database: Database, erased: Erased | None = None, children: Children | None = None) -> None:
        self._database = database
        self._erased = erased or Erased()
        self._children = children or Children()
        self._waiting: asyncio.Queue[tuple[_Entry, ...]] = asyncio.Queue(WAITING_LIMIT)
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._writing = asyncio.create_task(self._write(), name="identity index")

    def learn(self, lesson: Lesson, *, line: Line, now: datetime) -> None:
        """Note every number of customers who are new or have changed, and forget records that were merged or are gone."""
        entries = tuple(_entries(lesson, line=line, now=now, known=self._children))
        if entries and not self._waiting.full():
            self._waiting.put_nowait(entries)

    async def settle(self) -> None:
        """Wait until everything learned so far is written."""
        await self._waiting.join()

    async def aclose(self) -> None:
        """Write what is waiting, then stop."""
        if self._writing is None:
            return
        await self.settle()
        self._writing.cancel()
        await asyncio.wait([self._writing])

    async def _write(self) -> None:
        while True:
            waiting = await self._waiting.get()
            entries = [self._not_of_the_erased(entry) for entry in waiting if not self._erased.restricted.ref(entry.ref)]
            try:
                async with self._database.begin() as tx:
                    for entry in sorted(entries, key=_record):
                        await identity.replace(await driver(tx), entry.keys, of=_record(entry))
                        if entry.child_until is not None:
                            await children.note(tx, self._children.tokens(entry.ref), until=entry.child_until)
            except Overloaded:
                log.warning("identity.not_learned", connections=sorted({entry.ref.connection for entry in entries}))
            finally:
                self._waiting.task_done()

    def _not_of_the_erased(self, entry: _Entry) -> _Entry:
        """Return an entry with the numbers that may be kept; none of a record that was erased."""
        if not self._erased:
            return entry
        gone = self._erased.ref(entry.ref)
        kept = tuple(key for key in entry.keys if not gone and not self._erased.number(key.e164))
        return replace(entry, keys=kept, child_until=None if gone else entry.child_until)


def _record(entry: _Entry) -> tuple[str, str, str]:
    """Return what names the record, as the index wants it; in this order no two writers wait for one another."""
    return entry.ref.connection, entry.ref.kind, entry.ref.id


def _entries(lesson: Lesson, *, line: Line, now: datetime, known: Children) -> Iterator[_Entry]:
    merged = [row for row in lesson.known if str(row.ref) in lesson.heirs]
    inherited = {row.e164 for row in merged}
    rows = {str(row.ref): row for row in lesson.known}
    for customer in lesson.customers:
        row = rows.get(str(customer.ref))
        until = child_until(customer, today=now.date())
        news = until is not None and not known.knows(customer.ref)
        if row is not None and _says_the_same(row, customer) and not merged and not news:
            continue
        keys = tuple(_keys(customer, lesson.caller, line=line, now=now, confirmed=inherited))
        if keys:
            yield _Entry(customer.ref, keys, until)
    for row in (*merged, *(row for row in lesson.known if str(row.ref) in lesson.gone)):
        yield _Entry(row.ref)


def _says_the_same(row: KnownNumber, customer: Customer) -> bool:
    return (row.display_name, row.company, row.tier, row.party_kind, row.tags) == (
        customer.name,
        customer.company,
        customer.tier,
        customer.kind,
        customer.tags,
    )


def _keys(
    customer: Customer, caller: PhoneNumber, *, line: Line, now: datetime, confirmed: Collection[str]
) -> Iterable[IdentityKey]:
    """Yield a row for each number. Those in `confirmed` came with a merge, by the system's own word."""
    numbers = [phone for written in customer.phones for phone in numbers_written_in(written, line=line)] or [caller]
    for phone in {(phone.key, phone.extension): phone for phone in numbers if phone.key}.values():
        yield IdentityKey(
            e164=phone.key or "",
            connection=customer.ref.connection,
            external_id=customer.ref.id,
            external_kind=customer.ref.kind,
            seen_at=now,
            extension=phone.extension or "",
            display_name=customer.name,
            party_kind=customer.kind,
            company=customer.company,
            tier=customer.tier,
            tags=customer.tags,
            verified=phone.key in confirmed,
        )
