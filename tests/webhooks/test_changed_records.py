"""What a system says has changed is forgotten in every process, and open cards that show it ask anew."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.flows.door import patiently
from tests.webhooks.shop import TOKEN, Shop, open_shop, order

from tieline.domain.order import Order
from tieline.domain.references import ExternalRef
from tieline.services.sources import Answer
from tieline.services.stale_answers import GATHER_S

MAPPING: Any = object()
NO_LONGER_LISTENING = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'LISTEN%tieline_stale%'
"""


@pytest.fixture
async def other(database_url: str, tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """A second process on the same database."""
    del shop
    monkeypatch.setenv("TIELINE_TEST_SHOP_TOKEN", TOKEN)
    async with open_shop(database_url, tmp_path) as opened:
        yield opened


def answer_of(*numbers: str) -> Answer:
    models = tuple(Order(ref=ExternalRef(connection="shop", kind="order", id=number)) for number in numbers)
    return Answer(models=models, unreadable=0, truncated=False, took_ms=1)


def fill(shop: Shop) -> None:
    cache = shop.house.desk.cache
    cache.put(("shop", "order.list", "id 7", MAPPING), answer_of("SO-1", "SO-2"))
    cache.put(("shop", "order.list", "id 8", MAPPING), answer_of("SO-3"))
    cache.put(("shop", "order.list", "id 9", MAPPING), answer_of())
    cache.put(("shop", "ticket.list", "id 7", MAPPING), answer_of())
    cache.put(("crm", "order.list", "id 7", MAPPING), answer_of("SO-1"))


def kept(shop: Shop) -> set[tuple[str, str, str]]:
    keys: Any = shop.house.desk.cache._entries
    return {key[:3] for key in keys}


async def test_answers_that_hold_it_or_nothing_are_forgotten_in_every_process(shop: Shop, other: Shop) -> None:
    fill(shop)
    fill(other)
    await shop.tell(order("SO-1", "sent", 1))
    await shop.read()
    left = {("shop", "order.list", "id 8"), ("shop", "ticket.list", "id 7"), ("crm", "order.list", "id 7")}
    async for _ in patiently("the answers were never forgotten"):
        if kept(shop) == kept(other) == left:
            break


async def test_what_is_kept_as_soon_as_a_process_stands_stays(shop: Shop) -> None:
    fill(shop)
    everything = kept(shop)
    await asyncio.sleep(3 * GATHER_S)
    assert kept(shop) == everything


async def test_whoever_could_not_hear_for_a_moment_forgets_everything(shop: Shop) -> None:
    fill(shop)
    assert await shop.rows(NO_LONGER_LISTENING) == [(True,)]
    async for _ in patiently("what may be out of date was kept"):
        if not kept(shop):
            break


async def test_a_card_that_shows_it_is_brought_up_to_date_and_others_are_left(shop: Shop) -> None:
    for pop, agent, ref in (("p-1", "1001", "shop:SO-1"), ("p-2", "1002", "shop:SO-2")):
        await card(shop, pop, agent, ref)
    await shop.tell(order("SO-1", "sent", 1))
    await shop.read()
    async for _ in patiently("the card was never brought up to date", within_s=60):
        if updated := await shop.rows("SELECT DISTINCT pop_id, agent FROM agent_events WHERE kind = 'pop.update'"):
            break
    assert updated == [("p-1", "1001")]
    assert await shop.rows("SELECT id, reason FROM pops ORDER BY id") == [("p-1", "record_changed"), ("p-2", None)]


async def card(shop: Shop, pop: str, agent: str, ref: str) -> None:
    call, now = uuid4(), datetime.now(UTC)
    await shop.change(
        "INSERT INTO interactions (id, provider, call_key, direction, state, started_at, last_event_at) "
        "VALUES (%s, 'pbx', %s, 'inbound', 'answered', %s, %s)",
        call,
        pop,
        now,
        now,
    )
    await shop.change(
        "INSERT INTO pops (id, interaction_id, agent, state, promised_at, shown_at) VALUES (%s, %s, %s, 'shown', %s, %s)",
        pop,
        call,
        agent,
        now,
        now,
    )
    payload = {"blocks": {"orders": {"items": [{"ref": ref}]}}, "customer": None}
    await shop.change(
        "INSERT INTO agent_events (agent, kind, pop_id, payload, at) VALUES (%s, 'pop.show', %s, %s::jsonb, %s)",
        agent,
        pop,
        orjson.dumps(payload).decode(),
        now,
    )
