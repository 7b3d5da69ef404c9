"""What happens reaches whoever subscribed: signed, thin, once, in order, over real sockets, however the receiver behaves."""

import asyncio
import json
from datetime import timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from tests.faults.vendor import Step, Vendor, answer, hang, hang_up, reset
from tests.flows.door import patiently
from tests.subscriptions.telling import TICKET, ask, happen, ids, let_pass, states, step, subscribe, verified
from tests.waiting import held_up
from tests.webhooks.shop import Shop, order

from tieline.services.subscriptions import managing, outlet
from tieline.services.subscriptions.managing import RECEIVER
from tieline.services.subscriptions.telling import AT_ONCE, tell_new
from tieline.store import happenings
from tieline.worker.run import run

LONG = timedelta(hours=13)


async def test_a_message_is_signed_thin_and_says_what_happened_to_what(shop: Shop, receiver: Vendor) -> None:
    subscribed = await subscribe(shop, receiver, "ticket.*")
    at = await happen(shop, by="agent:1001", customer="+8613800138000")
    assert (await step(shop), await step(shop)) == (1, 0)
    (asked,) = receiver.asked
    assert verified(asked, subscribed["secret"]) == {
        "type": "ticket.changed",
        "timestamp": at.isoformat(),
        "data": {"object": "ticket", "id": TICKET, "refs": []},
    }
    assert asked.line == "POST /hook?token=t HTTP/1.1"
    assert asked.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(asked.body, asked.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(subscribed["secret"]).verify(asked.body + b" ", asked.headers)


async def test_what_another_system_told_is_told_on_with_its_reference(shop: Shop, receiver: Vendor) -> None:
    await subscribe(shop, receiver, "order.changed")
    await shop.tell(order("SO-1", "shipped"))
    await shop.read()
    await step(shop)
    (asked,) = receiver.asked
    assert json.loads(asked.body)["data"] == {"object": "order", "id": None, "refs": ["shop:SO-1"]}


async def test_nobody_hears_what_he_did_not_ask_for_or_what_was_before_he_asked(shop: Shop, receiver: Vendor) -> None:
    await happen(shop, "order.changed", "shop:SO-0")
    await subscribe(shop, receiver, "order.*", "order.changed")
    await happen(shop, "ticket.changed")
    await happen(shop, "nobody.knows", "x")
    await happen(shop, "order.changed", "shop:SO-1")
    assert await step(shop) == 1
    assert [json.loads(asked.body)["data"]["refs"] for asked in receiver.asked] == [["shop:SO-1"]]


async def test_two_subscribers_are_told_each_and_a_broken_one_holds_up_nobody(shop: Shop, receiver: Vendor) -> None:
    receiver.script = [answer(status=500), answer(status=204)]
    await subscribe(shop, receiver)
    await subscribe(shop, receiver)
    await happen(shop)
    assert await step(shop) == 2
    assert sorted(await states(shop)) == [("delivered", None), ("pending", "upstream_unavailable")]


async def test_many_events_at_once_are_promised_each_once_by_two_tellers(shop: Shop, receiver: Vendor) -> None:
    await subscribe(shop, receiver)
    for number in range(AT_ONCE + 5):
        await happen(shop, "order.changed", f"shop:SO-{number}")
    told = await asyncio.gather(tell_new(shop.house.subscriptions), tell_new(shop.house.subscriptions))
    assert sum(told) == AT_ONCE + 5
    assert await shop.rows("SELECT count(*), count(DISTINCT object_id) FROM deliveries") == [(AT_ONCE + 5, AT_ONCE + 5)]


async def test_what_another_worker_is_telling_is_not_overtaken_by_what_happened_after_it(shop: Shop, receiver: Vendor) -> None:
    await subscribe(shop, receiver)
    database = shop.house.database
    await happen(shop, "ticket.created")
    async with database.begin() as tx:
        assert [one.kind for one in await happenings.tell(tx, most=AT_ONCE, now=shop.house.clock())] == ["ticket.created"]
        await happen(shop, "ticket.changed")
        async with held_up(database, tell_new(shop.house.subscriptions)) as told:
            await tx.commit()
            assert await told == 1


async def test_a_receiver_that_was_down_gets_everything_in_order_and_nothing_twice(shop: Shop, receiver: Vendor) -> None:
    """Three ways of being away; each message keeps its id and its bytes, and is signed anew."""
    receiver.script = [hang_up, reset, answer(status=502), answer(status=200)]
    subscribed = await subscribe(shop, receiver)
    for kind in ("ticket.created", "ticket.changed", "ticket.commented"):
        await happen(shop, kind)
    for _ in range(3):
        await step(shop)
        assert {state for state, _ in await states(shop)} == {"pending"}
        await let_pass(shop, LONG)
    while await step(shop):
        await let_pass(shop, LONG)
    assert [state for state, _ in await states(shop)] == ["delivered"] * 3
    first = ids(receiver)[0]
    assert ids(receiver)[:4] == [first] * 4
    assert len({asked.body for asked in receiver.asked[:4]}) == 1
    told = [verified(asked, subscribed["secret"])["type"] for asked in receiver.asked[3:]]
    assert told == ["ticket.created", "ticket.changed", "ticket.commented"]
    assert len(set(ids(receiver)[3:])) == 3


async def test_a_receiver_that_hangs_is_left_and_asked_again(
    shop: Shop, receiver: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet, "WITHIN_S", 1.0)
    receiver.script = [hang, answer(status=200)]
    await subscribe(shop, receiver)
    await happen(shop)
    await step(shop)
    assert await states(shop) == [("pending", "upstream_timeout")]
    monkeypatch.setattr(outlet, "WITHIN_S", 30.0)
    await let_pass(shop, LONG)
    await step(shop)
    assert (await states(shop), len(receiver.asked)) == ([("delivered", None)], 2)


async def test_a_receiver_that_fails_again_and_again_is_left_alone_for_a_while(shop: Shop, receiver: Vendor) -> None:
    receiver.script = [answer(status=500)]
    await subscribe(shop, receiver)
    for number in range(8):
        await happen(shop, "order.changed", f"shop:SO-{number}")
    await step(shop)
    assert len(receiver.asked) == 5
    assert sorted(await states(shop)) == [("pending", "upstream_paused")] * 3 + [("pending", "upstream_unavailable")] * 5


@pytest.mark.parametrize(
    ("refusal", "state", "wait_s"),
    [
        (answer(status=400), ("pending", "receiver_refused"), None),
        (answer(status=404), ("pending", "receiver_refused"), None),
        (answer(status=429, retry_after="90"), ("pending", "upstream_throttled"), 90),
        (answer(status=503, retry_after="90"), ("pending", "upstream_throttled"), 90),
        (answer(status=302, location="http://127.0.0.1:1/"), ("parked", "receiver_moved"), None),
    ],
    ids=["400", "404", "429", "503", "302"],
)
async def test_each_refusal_comes_to_what_can_be_done_about_it(
    shop: Shop, receiver: Vendor, refusal: Step, state: tuple[str, str], wait_s: int | None
) -> None:
    receiver.script = [refusal]
    await subscribe(shop, receiver)
    await happen(shop)
    await step(shop)
    assert (await states(shop), len(receiver.asked)) == ([state], 1)
    if wait_s is not None:
        assert await shop.rows("SELECT extract(epoch FROM due_at - state_at)::int FROM deliveries") == [(wait_s,)]


async def test_410_pauses_the_subscription_until_somebody_resumes_it(shop: Shop, receiver: Vendor) -> None:
    receiver.script = [answer(status=410), answer(status=200)]
    subscribed = await subscribe(shop, receiver)
    path = f"/v1/webhook-subscriptions/{subscribed['id']}"
    await happen(shop, "order.changed", "shop:SO-1")
    await happen(shop, "order.changed", "shop:SO-2")
    await step(shop)
    assert len(receiver.asked) == 1
    assert (await ask(shop, "GET", path)).json()["state"] == "gone"
    assert sorted(await states(shop)) == [("parked", "receiver_gone"), ("parked", "subscription_gone")]
    await happen(shop, "order.changed", "shop:SO-3")
    assert await step(shop) == 0
    assert (await ask(shop, "POST", f"{path}/resume")).json()["state"] == "active"
    await let_pass(shop, LONG)
    assert await step(shop) == 2
    told = [json.loads(asked.body)["data"]["refs"] for asked in receiver.asked[1:]]
    assert sorted(told) == [["shop:SO-1"], ["shop:SO-2"]]
    audited = await shop.rows("SELECT actor, action FROM audit_entries WHERE subject LIKE 'subscription:%' ORDER BY seq")
    assert [action for _, action in audited] == ["subscription.created", "subscription.gone", "subscription.resumed"]
    assert audited[1][0] == RECEIVER.actor


async def test_what_happens_during_a_pause_waits_and_goes_out_afterwards_in_order(shop: Shop, receiver: Vendor) -> None:
    subscribed = await subscribe(shop, receiver)
    path = f"/v1/webhook-subscriptions/{subscribed['id']}"
    assert (await ask(shop, "POST", f"{path}/pause")).json()["state"] == "paused"
    await happen(shop, "ticket.created")
    await happen(shop, "ticket.changed")
    await step(shop)
    assert receiver.asked == []
    await ask(shop, "POST", f"{path}/resume")
    await let_pass(shop, LONG)
    await step(shop)
    assert [json.loads(asked.body)["type"] for asked in receiver.asked] == ["ticket.created", "ticket.changed"]


async def test_what_was_laid_aside_as_a_pause_ended_is_not_forgotten(shop: Shop, receiver: Vendor) -> None:
    subscribed = await subscribe(shop, receiver)
    path = f"/v1/webhook-subscriptions/{subscribed['id']}"
    await ask(shop, "POST", f"{path}/pause")
    await happen(shop)
    await step(shop)
    await shop.change("UPDATE webhook_subscriptions SET state = 'active'")
    assert await managing.resume_left_behind(shop.house.subscriptions) == 1
    assert await managing.resume_left_behind(shop.house.subscriptions) == 0
    await let_pass(shop, LONG)
    await step(shop)
    assert await states(shop) == [("delivered", None)]


async def test_while_a_secret_changes_both_sign_and_afterwards_only_the_new_one(shop: Shop, receiver: Vendor) -> None:
    subscribed = await subscribe(shop, receiver)
    path = f"/v1/webhook-subscriptions/{subscribed['id']}"
    changed = (await ask(shop, "POST", f"{path}/change-secret")).json()
    assert changed["secret"] != subscribed["secret"]
    await happen(shop)
    await step(shop)
    for secret in (subscribed["secret"], changed["secret"]):
        assert verified(receiver.asked[0], secret)["type"] == "ticket.changed"
    again = await ask(shop, "POST", f"{path}/change-secret")
    assert (again.status_code, again.json()["code"]) == (409, "secret_overlap")
    await shop.change("UPDATE webhook_subscriptions SET old_secret_until = old_secret_until - interval '1 day'")
    await happen(shop, "ticket.commented")
    await step(shop)
    assert verified(receiver.asked[1], changed["secret"])["type"] == "ticket.commented"
    with pytest.raises(WebhookVerificationError):
        verified(receiver.asked[1], subscribed["secret"])


async def test_an_address_that_is_forbidden_when_it_is_dialled_is_never_called(shop: Shop, receiver: Vendor) -> None:
    """S15-S17: also when it was permitted once, as when a name moves to an address of this network."""
    await subscribe(shop, receiver)
    await shop.change("UPDATE webhook_subscriptions SET url = 'http://127.0.0.1:9/hook'")
    await happen(shop)
    await step(shop)
    assert (await states(shop), receiver.asked) == ([("parked", "url_forbidden")], [])


async def test_who_unsubscribes_hears_nothing_more_not_even_what_was_on_its_way(shop: Shop, receiver: Vendor) -> None:
    receiver.script = [answer(status=500), answer(status=200)]
    subscribed = await subscribe(shop, receiver)
    await happen(shop)
    await step(shop)
    assert (await ask(shop, "DELETE", f"/v1/webhook-subscriptions/{subscribed['id']}")).status_code == 204
    await let_pass(shop, LONG)
    await happen(shop)
    assert await step(shop) == 0
    assert (await states(shop), len(receiver.asked)) == ([("withdrawn", "subscription_deleted")], 1)


async def test_a_running_worker_tells_by_itself(shop: Shop, receiver: Vendor, database_url: str) -> None:
    await subscribe(shop, receiver)
    worker = asyncio.create_task(run(shop.house, database_url, concurrency=2))
    async for _ in patiently("no worker came up", within_s=90):
        if await shop.rows("SELECT 1 FROM procrastinate_workers"):
            break
    await happen(shop)
    async for _ in patiently("the receiver never heard of it", within_s=90):
        if await states(shop) == [("delivered", None)]:
            break
    worker.cancel()
    await asyncio.wait([worker])
    assert [asked.line.split()[1] for asked in receiver.asked if asked.line.startswith("POST")] == ["/hook?token=t"]
