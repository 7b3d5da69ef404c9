"""What of our own is told: tickets of ours and calls that ended, by ids, with the names other systems have for them."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

from tests.faults.vendor import Vendor
from tests.subscriptions.telling import ask, step, subscribe
from tests.webhooks.shop import Shop

from tieline.domain.call import CallEvent
from tieline.services.call_events import record
from tieline.services.call_settling import due_to_settle, settle
from tieline.store import ticket_links


async def test_a_tickets_life_is_told_by_its_id_and_the_names_it_has_elsewhere(shop: Shop, receiver: Vendor) -> None:
    await subscribe(shop, receiver, "ticket.*")
    wish = {"subject": "Leak at the Wangs", "phone": "+8613800138000"}
    made = await ask(shop, "POST", "/v1/tickets", json=wish, headers={"Idempotency-Key": "k-1"})
    assert made.status_code == 201, made.text
    ticket = made.json()["id"]
    async with shop.house.database.begin() as tx:
        await ticket_links.add(tx, UUID(ticket), "desk", external_id="D-7", now=shop.house.clock())
    tag = made.headers["etag"]
    changed = await ask(shop, "PATCH", f"/v1/tickets/{ticket}", json={"priority": "high"}, headers={"If-Match": tag})
    assert changed.status_code == 200, changed.text
    said = {"text": "She is called Wang"}
    await ask(shop, "POST", f"/v1/tickets/{ticket}/comments", json=said, headers={"Idempotency-Key": "k-2"})
    await step(shop)
    told = [json.loads(asked.body) for asked in receiver.asked]
    assert [one["type"] for one in told] == ["ticket.created", "ticket.changed", "ticket.commented"]
    assert {json.dumps(one["data"]) for one in told} == {json.dumps({"object": "ticket", "id": ticket, "refs": ["desk:D-7"]})}
    assert not any(b"Wang" in asked.body or b"138001" in asked.body for asked in receiver.asked)


async def test_feedback_is_told_by_its_id(shop: Shop, receiver: Vendor) -> None:
    await subscribe(shop, receiver, "feedback.*")
    said = {"kind": "csat", "score": 5, "channel": "web", "text": "Mrs Wang was kind"}
    given = await ask(shop, "POST", "/v1/feedback", json=said, headers={"Idempotency-Key": "k-1"})
    assert given.status_code == 201, given.text
    await step(shop)
    (asked,) = receiver.asked
    told = json.loads(asked.body)
    assert (told["type"], told["data"]) == ("feedback.received", {"object": "feedback", "id": given.json()["id"], "refs": []})


async def test_a_call_is_told_when_it_is_settled_and_a_derived_id_stays_with_us(shop: Shop, receiver: Vendor) -> None:
    await subscribe(shop, receiver, "call.ended")
    now = shop.house.clock()
    for call_id in ("c-1", "derived:+8613800138000:inbound:1795696660"):
        for word, ago_s in (("answered", 60), ("ended", 30)):
            at = now - timedelta(seconds=ago_s)
            body = {"call_id": call_id, "type": word, "from": "+8613800138000", "to": "+861065543800", "at": at}
            await record(shop.house.calls, CallEvent.model_validate(body), provider="pbx", now=at)
    due = await due_to_settle(shop.house.calls, now)
    assert await asyncio.gather(*(settle(shop.house.calls, one, now) for one in due)) == [True] * len(due)
    await step(shop)
    told = [json.loads(asked.body) for asked in receiver.asked]
    assert {one["type"] for one in told} == {"call.ended"}
    assert sorted(one["data"]["refs"] for one in told) == [[], ["pbx:c-1"]]
    assert {one["data"]["id"] for one in told} == {str(one) for one in due}
    assert not any(b"138001" in asked.body for asked in receiver.asked)
