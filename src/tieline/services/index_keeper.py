"""Teaches the identity index what live answers said, after the pop has been answered and only where something is new."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

import structlog

from tieline.domain.customer import Customer
from tieline.domain.errors import Overloaded
from tieline.domain.line import Line
from tieline.domain.people import KnownNumber
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_written import numbers_written_in
from tieline.store import identity
from tieline.store.database import Database, driver
from tieline.store.identity import IdentityKey

log = structlog.get_logger()
WAITING_LIMIT = 1_000


class IndexKeeper:
    """One writer per process, so that learning never competes with ringing. What does not fit is learned at the next call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: asyncio.Queue[tuple[IdentityKey, ...]] = asyncio.Queue(WAITING_LIMIT)
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._writing = asyncio.create_task(self._write(), name="identity index")

    def learn(
        self, customers: Iterable[Customer], caller: PhoneNumber, known: Iterable[KnownNumber], *, line: Line, now: datetime
    ) -> None:
        """Note every number of customers who are new or have changed; `known` is what the index held for the caller."""
        rows = {str(row.ref): row for row in known}
        for customer in customers:
            row = rows.get(str(customer.ref))
            if row is not None and _says_the_same(row, customer):
                continue
            keys = tuple(_keys(customer, caller, line=line, now=now))
            if keys and not self._waiting.full():
                self._waiting.put_nowait(keys)

    async def aclose(self) -> None:
        """Write what is waiting, then stop."""
        if self._writing is None:
            return
        await self._waiting.join()
        self._writing.cancel()
        await asyncio.wait([self._writing])

    async def _write(self) -> None:
        while True:
            keys = await self._waiting.get()
            try:
                async with self._database.begin() as tx:
                    first = keys[0]
                    of = (first.connection, first.external_kind, first.external_id)
                    await identity.replace(await driver(tx), keys, of=of)
            except Overloaded:
                log.warning("identity.not_learned", connection=keys[0].connection)
            finally:
                self._waiting.task_done()


def _says_the_same(row: KnownNumber, customer: Customer) -> bool:
    return (row.display_name, row.company, row.tier, row.party_kind, row.tags) == (
        customer.name,
        customer.company,
        customer.tier,
        customer.kind,
        customer.tags,
    )


def _keys(customer: Customer, caller: PhoneNumber, *, line: Line, now: datetime) -> Iterable[IdentityKey]:
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
        )
