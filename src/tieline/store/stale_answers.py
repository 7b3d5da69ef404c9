"""Which answers kept in memory are out of date, told to every process; and which cards on screens show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store import driver_rows
from tieline.store.tables_calls import interactions, pops

CHANNEL: Final = "tieline_stale"

_SHOWING: Final = """
    SELECT pop.id FROM interactions AS call
    JOIN pops AS pop ON pop.interaction_id = call.id AND pop.state = 'shown'
    CROSS JOIN LATERAL (
        SELECT payload FROM agent_events AS sent
        WHERE sent.agent = pop.agent AND sent.pop_id = pop.id AND sent.kind IN ('pop.show', 'pop.update')
        ORDER BY sent.id DESC LIMIT 1
    ) AS card
    WHERE call.settled_at IS NULL AND call.last_event_at >= %(since)s AND (
        card.payload -> 'customer' ->> 'ref' = %(ref)s
        OR jsonb_path_exists(card.payload, '$.blocks.*.items[*] ? (@.ref == $ref)', jsonb_build_object('ref', %(ref)s::text))
    )
"""


@dataclass(frozen=True, slots=True)
class StaleAnswer:
    """An object that changed. `pops` are the cards on screens that show it, promised anew."""

    connection: str
    kind: str
    object_id: str
    pops: tuple[str, ...] = ()


async def showing(tx: AsyncConnection, ref: str, *, since: datetime) -> list[str]:
    """Return the cards of calls under way that show an object, `orders:SO-1`."""
    return await driver_rows.column(tx, _SHOWING, {"ref": ref, "since": since})


async def on_screens_of(tx: AsyncConnection, *, numbers: Sequence[str], refs: Sequence[str], since: datetime) -> list[str]:
    """Return the cards that stand on screens for calls under way of a number or a record."""
    mine = or_(interactions.c.customer_e164.in_(numbers), interactions.c.customer_ref.in_(refs))
    query = (
        select(pops.c.id)
        .join(interactions, interactions.c.id == pops.c.interaction_id)
        .where(pops.c.state == "shown", interactions.c.settled_at.is_(None), interactions.c.last_event_at >= since, mine)
    )
    return list((await tx.execute(query)).scalars())


async def announce(tx: AsyncConnection, stale: StaleAnswer) -> None:
    """Tell every process, when the transaction commits, that an object changed."""
    payload = orjson.dumps(stale).decode()
    await driver_rows.column(tx, "SELECT pg_notify(%(channel)s, %(payload)s)", {"channel": CHANNEL, "payload": payload})


def read(payload: str) -> StaleAnswer:
    """Read what was announced."""
    fields = orjson.loads(payload)
    pops: Sequence[str] = fields["pops"]
    return StaleAnswer(fields["connection"], fields["kind"], fields["object_id"], tuple(pops))
