"""Questions to a person about deliveries: given up, or nobody knows whether it happened."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tieline.domain.delivery import Delivery, GivenUp
from tieline.domain.working_days import next_working_day
from tieline.kit.ids import time_ordered_id
from tieline.store import reviews
from tieline.store.database import Transaction
from tieline.store.reviews import Question

DEAD: Final = "dead_delivery"
UNKNOWN: Final = "unknown_outcome"
OPEN_FOR: Final = timedelta(days=90)


async def ask(tx: Transaction, delivery: Delivery, reason: GivenUp, *, now: datetime) -> None:
    """Ask what is to become of a delivery. The question names systems and codes, and nobody's data."""
    question = Question(
        id=UUID(time_ordered_id(now)),
        kind=UNKNOWN if reason.state == "unknown" else DEAD,
        subject_key=str(delivery.id),
        at=now,
        expires_at=now + OPEN_FOR,
        due_at=next_working_day(now),
        suggestions=(
            {
                "connection": delivery.connection,
                "operation": delivery.operation,
                "object": f"{delivery.object_kind}:{delivery.object_id}",
                "code": reason.code,
            },
        ),
    )
    await reviews.open_or_merge(tx, question)


async def close_all(tx: Transaction, deliveries: Sequence[UUID], *, by: str, now: datetime, decision: str) -> None:
    """Close what was asked about some deliveries: somebody dealt with them."""
    subjects = [str(one) for one in deliveries]
    await reviews.settle(tx, (DEAD, UNKNOWN), subjects, by=by, now=now, decision={"decision": decision})
