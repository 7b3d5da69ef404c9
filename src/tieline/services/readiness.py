"""May this process be sent work? Database, schema, clock: each with its own word."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final, Literal

from tieline.domain.errors import Overloaded
from tieline.kit.clock import Clock
from tieline.services.session_opening import SESSION_IDLE
from tieline.store import schema_state, sessions
from tieline.store.database import Database
from tieline.store.migrate import head_revision

State = Literal["ok", "unreachable", "behind", "ahead", "skewed", "unknown"]
Notice = Literal["local_admin_inside"]
CLOCK_SKEW: Final = timedelta(seconds=2)
"""The age of a ring decides whether it pops (15 s); two clocks this far apart already eat into that."""
WITHIN_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """One word for each part. `unknown`: it could not be asked because the database is away. `notices` keep no work away."""

    database: State
    schema: State
    clock: State
    notices: tuple[Notice, ...] = ()

    @property
    def ready(self) -> bool:
        """Say whether work may come. Migrations only ever add first, so an older process goes on beside a newer schema."""
        return self.database == "ok" and self.schema in {"ok", "ahead"} and self.clock == "ok"


async def check(database: Database, *, clock: Clock) -> Readiness:
    """Ask the database what it is and what time it is."""
    try:
        async with asyncio.timeout(WITHIN_S), database.read() as conn:
            revision, database_time = await schema_state.read(conn)
            schema = _schema(revision)
            inside = schema != "behind" and await sessions.of_admins(conn, now=clock(), idle=SESSION_IDLE)
    except (Overloaded, TimeoutError):
        return Readiness(database="unreachable", schema="unknown", clock="unknown")
    notices: tuple[Notice, ...] = ("local_admin_inside",) if inside else ()
    return Readiness(database="ok", schema=schema, clock=_clock(database_time, clock()), notices=notices)


def _schema(revision: str | None) -> State:
    """Compare revisions, which are dates and sort as text. Ahead is what a rolling update looks like from the old side."""
    if revision == _head():
        return "ok"
    return "ahead" if revision is not None and revision > _head() else "behind"


def _clock(theirs: datetime, ours: datetime) -> State:
    return "ok" if abs(theirs - ours) <= CLOCK_SKEW else "skewed"


@cache
def _head() -> str:
    return head_revision()
