"""At the door: what is authentic is kept once and thanked for, whatever it says; what is not leaves no trace."""

import asyncio
from datetime import timedelta

import pytest
from tests.api.front_door import ROOT
from tests.webhooks.shop import TOKEN, Shop, order

from tieline.services import connection_settings, housekeeping, secret_keeping

KEPT = "SELECT count(*) FROM inbox"


async def test_what_is_authentic_is_kept_as_it_came_before_anything_reads_it(shop: Shop) -> None:
    body = b'{"events" : [ {"kind":"ping"} ],  "nul": "\\u0000", "half": "\\ud800"}'
    answer = await shop.post(body, x_delivery="d-1", cookie="secret")
    assert (answer.status_code, answer.content) == (202, b"")
    ((kept, connection, kind, state, headers),) = await shop.rows("SELECT body, connection, kind, state, headers FROM inbox")
    assert (bytes(kept), connection, kind, state) == (body, "shop", "event", "accepted")
    assert not {"x-shop-token", "cookie", "authorization"} & headers.keys()
    assert await shop.rows("SELECT state, attempts FROM inbox_work") == [("waiting", 0)]


async def test_the_same_request_is_thanked_every_time_and_kept_once(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.tell(order(), x_delivery="same") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert await shop.rows(KEPT) == [(1,)]
    assert await shop.rows("SELECT count(*) FROM inbox_work") == [(1,)]
    await shop.read()
    assert (await shop.tell(order(), x_delivery="same")).status_code == 202
    assert (await shop.read(), len(shop.acted)) == (0, 1)


@pytest.mark.parametrize(
    ("token", "code"), [("", "signature_missing"), ("wrong", "signature_invalid"), ("x" * 5000, "signature_invalid")]
)
async def test_what_proves_nothing_is_refused_and_leaves_nothing(shop: Shop, token: str, code: str) -> None:
    answer = await shop.post(b"{}", x_shop_token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert await shop.rows(KEPT) == [(0,)]


async def test_there_is_no_such_connection(shop: Shop) -> None:
    answer = await shop.post(b"{}", path="/v1/webhooks/nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_sender_of_another_kind_is_told_so(shop: Shop) -> None:
    answer = await shop.post(b"<x/>", content_type="application/xml")
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type")
    too_large = await shop.post(b"x" * 1_100_000)
    assert (too_large.status_code, too_large.json()["code"]) == (413, "body_too_large")
    assert await shop.rows(KEPT) == [(0,)]


@pytest.mark.parametrize(
    "body", [b'{"note": "say "hello""}', b"", b"[]", b'"text"', b'{"events": 5}', b"\xff\xfe", b"[" * 100_000]
)
async def test_what_is_authentic_and_of_no_use_is_thanked_for_and_asked_about(shop: Shop, body: bytes) -> None:
    assert (await shop.post(body)).status_code == 202
    assert await shop.read() == 1
    assert await shop.rows("SELECT state, note IS NOT NULL FROM inbox") == [("unusable", True)]
    assert await shop.rows("SELECT kind, state FROM review_items") == [("unusable_webhook", "open")]
    assert (await shop.read(), await shop.rows("SELECT count(*) FROM inbox_work")) == (0, [(0,)])


async def test_a_sender_that_repeats_the_same_nonsense_asks_one_question(shop: Shop) -> None:
    for number in range(5):
        await shop.tell({"kind": "dance", "number": number})
    await shop.read()
    ((count, suggestions),) = await shop.rows("SELECT count, suggestions FROM review_items")
    assert (count, len(suggestions)) == (5, 5)


async def test_when_too_many_wait_the_sender_is_told_to_come_again_and_never_429(shop: Shop) -> None:
    shop.house.webhook_door.inbox.inbox._waiting_limit = 0
    answer = await shop.tell(order())
    assert (answer.status_code, answer.json()["code"]) == (503, "inbox_busy")
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    shop.house.webhook_door.inbox.inbox._waiting_limit = 10
    assert (await shop.tell(order())).status_code == 202


async def test_a_database_that_does_not_answer_in_a_second_is_told_as_503(shop: Shop) -> None:
    async with shop.house.database.pool.connection() as lock:
        await lock.execute(b"BEGIN")
        await lock.execute(b"LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        answer = await shop.tell(order(), x_delivery="slow")
        await lock.execute(b"ROLLBACK")
    assert (answer.status_code, answer.json()["code"]) == (503, "inbox_slow")
    assert (await shop.tell(order(), x_delivery="slow")).status_code == 202
    assert await shop.rows(KEPT) == [(1,)]


async def replace_token(shop: Shop, token: str, *, overlap: timedelta) -> connection_settings.Settings:
    present = await connection_settings.read(shop.house, "shop")
    wish = connection_settings.Wish(present.row.connector, present.row.config, {"token": token}, overlap=overlap)
    settings, _ = await connection_settings.put(shop.house, "shop", wish, tag=present.tag, by=ROOT)
    await shop.house.directory.reload()
    return settings


async def test_a_token_that_was_replaced_is_good_until_its_end_and_not_after(shop: Shop) -> None:
    newer = "shop-token-that-is-newer"
    settings = await replace_token(shop, newer, overlap=timedelta(hours=24))
    assert set(settings.former_until) == {"token"}
    assert [(await shop.post(b"{}", x_shop_token=token)).status_code for token in (TOKEN, newer, "wrong")] == [202, 202, 401]
    told = "SELECT actor, details FROM audit_entries WHERE action = 'connection.changed'"
    ((actor, details),) = await shop.rows(told)
    assert (actor, details["former"], details["overlap_h"]) == ("test", ["token"], 24)
    assert TOKEN not in str(details)
    await shop.rows("UPDATE connection_secrets SET former_until = now() RETURNING field")
    await shop.house.directory.reload()
    assert [(await shop.post(b"{}", x_shop_token=token)).status_code for token in (TOKEN, newer)] == [401, 202]


async def test_a_token_that_leaked_is_refused_at_once_though_an_overlap_was_under_way(shop: Shop) -> None:
    await replace_token(shop, "shop-token-the-second", overlap=timedelta(hours=24))
    settings = await replace_token(shop, "shop-token-the-third", overlap=timedelta(0))
    assert settings.former_until == {}
    tokens = (TOKEN, "shop-token-the-second", "shop-token-the-third")
    assert [(await shop.post(b"{}", x_shop_token=token)).status_code for token in tokens] == [401, 401, 202]


async def test_a_former_token_is_given_new_keys_and_let_go_with_what_came_sealed_by_it(shop: Shop) -> None:
    await replace_token(shop, "shop-token-that-is-newer", overlap=timedelta(hours=24))
    assert (await secret_keeping.rotate(shop.house, new_data_keys=True, caller=ROOT)).faults == ()
    await shop.house.directory.reload()
    assert (await shop.post(b"{}", x_shop_token=TOKEN)).status_code == 202
    now = shop.house.clock()
    for days, kept in ((30, 1), (32, 0)):
        await housekeeping.tidy(shop.house.database, housekeeping.Retention(), now + timedelta(days=days))
        assert await shop.rows("SELECT count(*) FROM connection_secrets WHERE former IS NOT NULL") == [(kept,)]
