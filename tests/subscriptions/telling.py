"""A house, a receiver on a real socket, and a worker that takes a step when it is told to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
from standardwebhooks import Webhook
from tests.faults.vendor import Asked, Vendor
from tests.webhooks.shop import Shop

from tieline.services.delivery.carrying import carry
from tieline.services.subscriptions.telling import tell_new
from tieline.store import happenings
from tieline.store.happenings import Happening
from tieline.worker.edge import catch

PATH = "/v1/webhook-subscriptions"
TICKET = "0199c0de-0000-7000-8000-000000000001"


async def ask(shop: Shop, method: str, path: str = PATH, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx takes many kinds
    transport = httpx.ASGITransport(shop.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.request(method, path, **options)


async def subscribe(shop: Shop, receiver: Vendor, *kinds: str) -> dict[str, Any]:
    """Subscribe over the interface; the answer holds the secret."""
    given = await ask(shop, "POST", json={"url": f"{receiver.url}/hook?token=t", "kinds": list(kinds) or ["*"]})
    assert given.status_code == 201, given.text
    subscribed: dict[str, Any] = given.json()
    return subscribed


async def happen(shop: Shop, kind: str = "ticket.changed", subject: str = TICKET, **fields: object) -> datetime:
    """Have something happen, and return when."""
    now = shop.house.clock()
    async with shop.house.database.begin() as tx:
        await happenings.add(tx, Happening(kind, subject, now, fields), now=now)
    return now


async def step(shop: Shop) -> int:
    """Promise what happened and carry what is due; return how many deliveries were carried."""
    await tell_new(shop.house.subscriptions)
    due = await shop.rows("SELECT DISTINCT connection, order_key FROM deliveries WHERE connection LIKE 'webhook:%' ORDER BY 1, 2")
    return sum([await carry(shop.house.deliveries, where, [key], has_turn=True, catch=catch) for where, key in due])


async def let_pass(shop: Shop, span: timedelta) -> None:
    """Let time go by, as far as deliveries can tell."""
    await shop.change("UPDATE deliveries SET due_at = due_at - %s", span)


async def states(shop: Shop) -> list[tuple[str, str | None]]:
    return [(row[0], row[1]) for row in await shop.rows("SELECT state, reason FROM deliveries ORDER BY position")]


def verified(asked: Asked, secret: str) -> dict[str, Any]:
    """Return a message as the library of Standard Webhooks accepts it. Raises: WebhookVerificationError."""
    message: dict[str, Any] = Webhook(secret).verify(asked.body, asked.headers)
    return message


def ids(receiver: Vendor) -> Sequence[str]:
    return [asked.headers["webhook-id"] for asked in receiver.asked]
