"""A record changed in its system: what is kept of it in memory is dropped everywhere, and open cards that show it ask anew."""

from datetime import timedelta
from typing import Final

from tieline.services.webhooks.news import News
from tieline.store import pops, stale_answers
from tieline.store.database import Transaction
from tieline.store.stale_answers import StaleAnswer

KINDS: Final = (
    "order.created",
    "order.changed",
    "order.status_changed",
    "ticket.created",
    "ticket.changed",
    "ticket.deleted",
    "customer.changed",
    "customer.deleted",
    "invoice.changed",
    "contract.changed",
)
LONGEST_CALL: Final = timedelta(hours=5)
MOST_CARDS: Final = 50
"""What stands on more screens than this is no customer's own."""


async def refresh(tx: Transaction, news: News) -> None:
    """Announce that an object changed, and promise the cards that show it once more."""
    if news.event.external_id is None:
        return
    found = await stale_answers.showing(tx, news.subject, since=news.at - LONGEST_CALL)
    cards = await pops.promise_anew(tx, found[:MOST_CARDS], reason="record_changed", now=news.at) if found else ()
    stale = StaleAnswer(news.connection, news.event.object, news.event.external_id, tuple(cards))
    await stale_answers.announce(tx, stale)
