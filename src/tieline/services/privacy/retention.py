"""Let go, once a day, of what the catalogue of fields gives a term: in lots, counted, and gone on with where a worker stopped."""

from datetime import datetime
from functools import partial

import structlog

from tieline.observability.metrics import LET_GO
from tieline.security.field_catalogue import field_catalogue
from tieline.store import retention_rows
from tieline.store.database import Database

log = structlog.get_logger()


async def let_go(database: Database, now: datetime) -> int:
    """Let go of everything whose term is over, and return how many rows that were."""
    terms = field_catalogue().retention
    gone = 0
    for name, term in retention_rows.TERM_OF.items():
        rows = await _one(database, name, before=now - terms[term])
        if rows:
            LET_GO.labels(name).inc(rows)
            log.info("retention.let_go", kind=name, rows=rows)
        gone += rows
    return gone


async def _one(database: Database, name: str, *, before: datetime) -> int:
    rows = 0
    while True:
        lot = await database.transact(partial(retention_rows.let_go, name=name, before=before))
        rows += lot
        if lot < retention_rows.LOT:
            return rows
