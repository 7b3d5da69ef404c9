"""Seals the audit trail while it grows, and walks it when somebody wants to know whether it was touched."""

import asyncio
from collections.abc import Generator, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from tieline.domain.audit_chain import Checkpoint, Link, Stated, Verdict, Walk, joined, seal, stretches
from tieline.security.audit_signing import AuditChecker, AuditSigner
from tieline.store import audit_seals
from tieline.store.database import Database, Transaction

log = structlog.get_logger()
CHECKPOINT_EVERY: Final = timedelta(minutes=1)
SEALED_WITHIN: Final = timedelta(minutes=10)
"""An entry this old that is in no chain was put where nobody seals any more."""
STRETCH: Final = 10_000
"""Links read at once: what Postgres sorts of them fits into its usual 4 MB of working memory."""
SIDE_BY_SIDE: Final = 3
"""Stretches read at the same time: writing entries out as text is the database's work, and it has more than one core."""


async def seal_new(database: Database, signer: AuditSigner, *, now: datetime, look_back: int = audit_seals.LOOK_BACK) -> int:
    """Bring what was written since into the chain, state its end once a minute, and return how many entries that were.

    Any number of processes may call it at once: one seals, the others go away.
    """
    sealed = 0
    while True:
        async with database.begin() as tx:
            if not await audit_seals.take_turn(tx):
                return sealed
            entries = await audit_seals.unsealed(tx, look_back=look_back)
            number, digest = await audit_seals.end_of_chain(tx)
            links = []
            for seq, entry in entries:
                number, digest = number + 1, seal(digest, entry)
                links.append(Link(number, digest, seq, entry))
            if links:
                await audit_seals.append(tx, links)
            latest = await audit_seals.latest_checkpoint(tx)
            if number and (latest is None or (latest.number < number and now - latest.at >= CHECKPOINT_EVERY)):
                await _state(tx, signer, Checkpoint(number, digest, now))
        sealed += len(links)
        if len(entries) < audit_seals.ROWS_AT_ONCE:
            return sealed


async def _state(tx: Transaction, signer: AuditSigner, checkpoint: Checkpoint) -> None:
    signed = Checkpoint(checkpoint.number, checkpoint.digest, checkpoint.at, signer.sign(checkpoint))
    await audit_seals.add_checkpoint(tx, signed)
    # The log usually leaves this machine: whoever rewrites the database cannot rewrite that too.
    log.info("audit.checkpoint", checkpoint=signed.number, digest=signed.digest.hex(), signature=signed.signature.hex())


async def stated(database: Database) -> Sequence[Checkpoint]:
    """Return every checkpoint, the oldest first."""
    async with database.read() as conn:
        return await audit_seals.checkpoints(conn)


async def verify(database: Database, checker: AuditChecker, *, elsewhere: Iterable[Checkpoint] = (), now: datetime) -> Verdict:
    """Walk the whole chain. `elsewhere`: checkpoints that were kept outside of the database."""
    async with database.begin() as conn:
        left_out = await audit_seals.left_out(conn, before=now - SEALED_WITHIN)
        stated = Stated([*await audit_seals.checkpoints(conn), *elsewhere], signed=checker)
        length, _ = await audit_seals.end_of_chain(conn)
    walks = [] if stated.fault else await _follow_all(database, stretches(stated, length=length, at_once=STRETCH))
    verdict = joined(walks, stated)
    if verdict.sound and left_out:
        return Verdict(verdict.checked, f"{left_out} entries are in no chain")
    return verdict


async def _follow_all(database: Database, ahead: Generator[Walk]) -> Sequence[Walk]:
    followed: list[Walk] = []
    side_by_side = min(SIDE_BY_SIDE, database.pool.max_size)
    ended = await asyncio.gather(*(_follow(database, ahead, followed) for _ in range(side_by_side)), return_exceptions=True)
    for failure in ended:
        if failure is not None:
            raise failure
    return followed


async def _follow(database: Database, ahead: Generator[Walk], followed: list[Walk]) -> None:
    """Take stretches from the front until none are left; whoever fails, or finds a fault, leaves none for the others."""
    try:
        async with database.pool.connection() as connection:
            for walk in ahead:
                followed.append(walk)
                async with connection.transaction():
                    links = await audit_seals.stretch(connection, walk.after, walk.until)
                if not walk.follow(links):
                    return
    finally:
        ahead.close()
