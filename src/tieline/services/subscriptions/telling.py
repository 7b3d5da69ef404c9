"""From what happened to promises: each event is taken once, and everyone who wants it is promised it in the same transaction."""

from collections.abc import Sequence
from typing import Final

from tieline.domain.delivery import Effect
from tieline.domain.outgoing_event import TOLD, family_of, wanted
from tieline.services.delivery.promise import promise_all
from tieline.services.subscriptions.desk import SubscriptionDesk, place_of, place_of_bus
from tieline.store import happenings, subscriptions
from tieline.store.happenings import Happening
from tieline.store.subscriptions import Subscription

AT_ONCE: Final = 200
EVENT: Final = "event"
"""The kind of object that is delivered to subscribers."""


async def tell_new(desk: SubscriptionDesk) -> int:
    """Promise subscribers what happened since the last time, and return how many events that were."""
    told = 0
    while True:
        async with desk.database.begin() as tx:
            now = desk.clock()
            happened = await happenings.tell(tx, most=AT_ONCE, now=now)
            listening = await subscriptions.listening(tx) if happened else []
            effects = [_effect(place, event) for event in happened for place in _places(desk, listening, event)]
            await promise_all(tx, effects, now=now)
        told += len(happened)
        if len(happened) < AT_ONCE:
            return told


def _places(desk: SubscriptionDesk, listening: Sequence[Subscription], event: Happening) -> list[str]:
    """Return who is told of an event: message brokers of everything, subscribers of what they want."""
    buses = [place_of_bus(name) for name in desk.buses] if event.kind in TOLD else []
    return [*buses, *(place_of(one.id) for one in listening if _is_for(one, event))]


def _is_for(subscription: Subscription, event: Happening) -> bool:
    """Nobody is told what happened before he asked."""
    since = event.recorded_at or event.occurred_at
    return since >= subscription.created_at and wanted(subscription.kinds, event.kind)


def _effect(place: str, event: Happening) -> Effect:
    """What is about one object reaches one receiver in the order it happened; what is given up holds up nothing."""
    return Effect(
        connection=place,
        operation="event.tell",
        object_kind=EVENT,
        object_id=str(event.id),
        order_key=f"{family_of(event.kind)}:{event.subject}",
        inputs={
            "kind": event.kind,
            "subject": event.subject,
            "occurred_at": event.occurred_at.isoformat(),
            "refs": event.fields.get("refs", []),
        },
        key=f"evt_{event.id}_{place.partition(':')[2].replace('-', '')}",
        blocks=False,
    )
