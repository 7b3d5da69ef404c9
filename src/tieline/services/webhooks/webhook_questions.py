"""Questions to a person about what arrived and cannot be used: one for each kind of trouble of a connection, however often."""

import re
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tieline.domain.working_days import next_working_day
from tieline.kit.ids import time_ordered_id
from tieline.store import reviews
from tieline.store.database import Transaction
from tieline.store.inbox_work import ClaimedArrival
from tieline.store.reviews import Question

UNUSABLE: Final = "unusable_webhook"
OPEN_FOR: Final = timedelta(days=30)
_PLACE: Final = re.compile(r"^entry \d+: ")


async def ask(tx: Transaction, arrival: ClaimedArrival, fault: str, *, now: datetime) -> None:
    """Ask what is to become of an arrival. The fault names fields and rules, and no value of the sender's."""
    question = Question(
        id=UUID(time_ordered_id(now)),
        kind=UNUSABLE,
        subject_key=f"{arrival.connection}: {_PLACE.sub('', fault)}",
        at=now,
        expires_at=now + OPEN_FOR,
        due_at=next_working_day(now),
        suggestions=({"arrival": str(arrival.id), "received_at": arrival.received_at.isoformat()},),
    )
    await reviews.open_or_merge(tx, question)
