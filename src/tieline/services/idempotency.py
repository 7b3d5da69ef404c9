"""Carry a request out once however often it is sent: the key is taken first, and its answer commits with the work.

The IETF draft's meaning (draft-ietf-httpapi-idempotency-key-header, sections 2.4 to 2.7): the same key and request again is
answered as the first time; another request under the key is refused; one still under way is told to come back.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tieline.domain.errors import InProgress, RequestRefused, TielineError
from tieline.kit.clock import Clock
from tieline.store import idempotency
from tieline.store.database import Database, Transaction

KEPT_FOR: Final = timedelta(hours=48)
DIED_AFTER: Final = timedelta(seconds=60)
"""No request takes this long: whoever held the key is gone, and what it began was rolled back."""

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """Who asks, under which key, and the digest of what is asked."""

    caller: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Once:
    """The answer, and whether it was given before."""

    answer: Answer
    replayed: bool


async def once(
    database: Database, asked: KeyedRequest, work: Callable[[Transaction], Awaitable[Answer]], *, clock: Clock
) -> Once:
    """Do the work unless it was done under this key. `answer` must be a JSON document without anybody's data.

    Raises: RequestRefused: the key belongs to another request (`idempotency_key_reused`). InProgress: it is being carried out.
    Whatever the work raises; the key is free again then.
    """
    taken_at = clock()
    kept = await _take(database, asked, taken_at)
    if kept is not None:
        return Once(kept, replayed=True)
    try:
        async with database.begin() as tx:
            answer = await work(tx)
            if not await idempotency.answer(tx, asked.caller, asked.key, taken_at=taken_at, answer=answer):
                raise InProgress
    except TielineError:
        async with database.begin() as tx:
            await idempotency.give_back(tx, asked.caller, asked.key, taken_at=taken_at)
        raise
    return Once(answer, replayed=False)


async def _take(database: Database, asked: KeyedRequest, now: datetime) -> Answer | None:
    """Take the key; an answer: it was used before. Raises: as `once`."""
    async with database.begin() as tx:
        expires_at = now + KEPT_FOR
        if await idempotency.take(tx, asked.caller, asked.key, fingerprint=asked.fingerprint, now=now, expires_at=expires_at):
            return None
        known = await idempotency.find(tx, asked.caller, asked.key)
        if known is None:
            raise InProgress
        if known.fingerprint != asked.fingerprint:
            raise RequestRefused("This Idempotency-Key belongs to another request.", code="idempotency_key_reused")
        if known.answer is not None:
            return known.answer
        overdue = now - known.taken_at >= DIED_AFTER
        if not overdue or not await idempotency.take_over(tx, asked.caller, asked.key, taken_at=known.taken_at, now=now):
            raise InProgress
        return None
