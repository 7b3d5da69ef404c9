"""The question to a person about a subscription that cannot be kept: one per connection, closed by itself once it is kept."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tieline.domain.working_days import next_working_day
from tieline.kit.ids import time_ordered_id
from tieline.store import reviews
from tieline.store.database import Transaction
from tieline.store.reviews import Question

KIND: Final = "lost_subscription"
OPEN_FOR: Final = timedelta(days=30)


async def ask(tx: Transaction, connection: str, *, act: str, code: str, now: datetime) -> None:
    """Ask what is wrong. It names the connection and a code, and nothing the vendor said."""
    question = Question(
        id=UUID(time_ordered_id(now)),
        kind=KIND,
        subject_key=connection,
        at=now,
        expires_at=now + OPEN_FOR,
        due_at=next_working_day(now),
        suggestions=({"connection": connection, "act": act, "code": code},),
    )
    await reviews.open_or_merge(tx, question)


async def close(tx: Transaction, connection: str, *, now: datetime) -> None:
    """Nothing need be asked any more: it is kept again, or no longer wanted."""
    await reviews.settle(tx, [KIND], [connection], by="tieline", now=now, decision={"decision": "by_itself"})
