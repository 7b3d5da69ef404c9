"""What is kept for how long, and the one job that forgets the rest."""

from datetime import datetime, timedelta
from typing import Final

from tieline.store import agent_events, inbox, number_marks, pop_codes, pops, reviews
from tieline.store.database import Database

AGENT_EVENTS: Final = timedelta(hours=6)
"""Masked cards as they were sent; a screen resumes within minutes, and no call is live for longer."""
POP_TRACES: Final = timedelta(days=90)
POP_CODES: Final = timedelta(days=1)
INBOX_BODIES: Final = timedelta(days=30)
NUMBER_CHOICES: Final = timedelta(days=60)


async def tidy(database: Database, now: datetime) -> dict[str, int]:
    """Forget what is older than its time and close what has lapsed; return how many rows of each kind."""
    async with database.begin() as tx:
        return {
            "agent_events": await agent_events.forget(tx, before=now - AGENT_EVENTS),
            "pop_traces": await pops.forget_traces(tx, promised_before=now - POP_TRACES),
            "pop_codes": await pop_codes.forget(tx, expired_before=now - POP_CODES),
            "inbox": await inbox.forget(tx, received_before=now - INBOX_BODIES),
            "number_choices": await number_marks.forget_choices(tx, before=now - NUMBER_CHOICES),
            "reviews_expired": await reviews.expire(tx, now=now),
        }
