"""What nobody told us is found by asking; nothing is skipped by slow clocks, lost pages or equal timestamps."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.faults.proxy import Exchange, Proxy, deliver_then_drop, pass_on, proxy, status
from tests.faults.shop_server import Ledger, ledger
from tests.webhooks.shop import TOKEN, Shop, open_shop, order

from tieline.domain.errors import ConnectorError, Overloaded, VendorTimeout
from tieline.services.webhooks import pulling
from tieline.services.webhooks.desk import WebhookDesk
from tieline.services.webhooks.news import News
from tieline.services.webhooks.pulling import Pulled, pull, pull_due
from tieline.store.database import Transaction


@pytest.fixture
async def system() -> AsyncIterator[Ledger]:
    async with ledger() as running:
        yield running


@pytest.fixture
async def between(system: Ledger) -> AsyncIterator[Proxy]:
    async with proxy(system.port) as running:
        yield running


@pytest.fixture
async def shop(database_url: str, tmp_path: Path, between: Proxy, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    monkeypatch.setenv("TIELINE_TEST_SHOP_TOKEN", TOKEN)
    with capture_logs():
        async with open_shop(database_url, tmp_path, base_url=between.url) as opened:
            yield opened


def at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def ago(**span: float) -> str:
    return at(datetime.now(UTC) - timedelta(**span))


async def test_a_webhook_that_was_lost_heals(shop: Shop, system: Ledger) -> None:
    system.orders = [{"id": f"SO-{number}", "state": "paid", "updated": ago(minutes=10)} for number in range(20)]
    for told in system.orders[:19]:
        await shop.tell(order(told["id"], "paid", 1, updated=told["updated"]))
    await shop.read()
    assert len(shop.acted) == 19
    await pull_due(shop.house.webhooks)
    assert {news.subject for news in shop.acted} == {f"shop:SO-{number}" for number in range(20)}
    before = len(shop.acted)
    assert await pull_due(shop.house.webhooks) == 0
    await pull(shop.house.webhooks, "shop", "order.changed")
    assert len(shop.acted) == before, "what was read twice is no news twice"


@pytest.mark.parametrize(("minutes", "news"), [(6, 0), (10, 1)])
async def test_a_system_is_asked_as_often_as_its_connector_says(shop: Shop, system: Ledger, minutes: int, news: int) -> None:
    await pull_due(shop.house.webhooks)
    system.orders = [{"id": "SO-1", "state": "paid", "updated": ago(minutes=1)}]
    assert (
        await shop.change(
            "UPDATE pull_cursors SET pulled_at = pulled_at - %s WHERE operation = 'order.changed'", timedelta(minutes=minutes)
        )
        == 1
    )
    assert await pull_due(shop.house.webhooks) == news


async def test_a_system_that_hangs_and_a_busy_database_keep_no_other_from_its_turn(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_last = asyncio.Event()

    async def pull_of(_desk: WebhookDesk, name: str, operation: str) -> Pulled:
        match name, operation:
            case "hangs", _:
                await asked_last.wait()
                raise VendorTimeout
            case "shop", "order.changed":
                raise Overloaded
        asked_last.set()
        return Pulled(news=1)

    async def is_due(*_: object) -> bool:
        return True

    due = [("hangs", "order.changed"), ("shop", "order.changed"), ("shop", "ticket.changed")]
    monkeypatch.setattr(pulling, "pulls_of", lambda _desk: due)
    monkeypatch.setattr(pulling, "_is_due", is_due)
    monkeypatch.setattr(pulling, "pull", pull_of)
    async with asyncio.timeout(20):
        assert await pull_due(shop.house.webhooks) == 1


async def test_what_a_lagging_index_shows_late_is_found_as_far_back_as_the_connector_says(shop: Shop, system: Ledger) -> None:
    system.orders = [{"id": "SO-1", "state": "paid", "updated": ago(minutes=1)}]
    await pull(shop.house.webhooks, "shop", "order.changed")
    system.orders.append({"id": "SO-2", "state": "paid", "updated": ago(minutes=14)})
    assert (await pull(shop.house.webhooks, "shop", "order.changed")).news == 1


async def test_of_a_thousand_rows_with_one_timestamp_none_is_lost_whichever_page_fails(
    shop: Shop, system: Ledger, between: Proxy
) -> None:
    moment = ago(minutes=20)
    system.orders = [{"id": f"SO-{number:04}", "state": "paid", "updated": moment} for number in range(1000)]
    for page in range(10):
        between.rules = [*[pass_on] * page, deliver_then_drop, deliver_then_drop]
        with pytest.raises(ConnectorError):
            await pull(shop.house.webhooks, "shop", "order.changed")
        assert await shop.rows("SELECT count(*) FROM pull_cursors") == [(0,)]
        between.rules = []
        for connection in shop.house.directory.now.connections.values():
            connection._exchanger.breaker.succeeded(probe=False)
    told = await pull(shop.house.webhooks, "shop", "order.changed")
    assert (told.rows, told.news, told.cut_off) == (1000, 1000, False)
    assert len({news.subject for news in shop.acted}) == 1000


async def test_rows_and_cursor_are_one_commit(shop: Shop, system: Ledger) -> None:
    system.orders = [{"id": f"SO-{number:03}", "state": "paid", "updated": ago(minutes=20)} for number in range(50)]
    shop.stumbles = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        await pull(shop.house.webhooks, "shop", "order.changed")
    assert await shop.rows("SELECT (SELECT count(*) FROM pull_cursors), (SELECT count(*) FROM object_versions)") == [(0, 0)]
    assert (await pull(shop.house.webhooks, "shop", "order.changed")).news == 50


@pytest.mark.parametrize("skew", [timedelta(minutes=-10), timedelta(0), timedelta(minutes=10)])
async def test_a_system_whose_clock_is_ten_minutes_off_loses_nothing(shop: Shop, system: Ledger, skew: timedelta) -> None:
    made: set[str] = set()
    for number in range(8):
        now = datetime.now(UTC) - timedelta(minutes=40 - 4 * number)
        system.orders.append({"id": f"SO-{number}", "state": "paid", "updated": at(now + skew)})
        made.add(f"shop:SO-{number}")
        await pull(shop.house.webhooks, "shop", "order.changed")
    assert {news.subject for news in shop.acted} == made


async def test_the_cursor_stays_behind_the_present_by_the_overlap(shop: Shop, system: Ledger) -> None:
    system.orders = [{"id": "SO-1", "state": "paid", "updated": ago(seconds=2)}]
    await pull(shop.house.webhooks, "shop", "order.changed")
    ((behind,),) = await shop.rows("SELECT extract(epoch FROM now() - since)::int FROM pull_cursors")
    assert 895 <= behind <= 905
    system.orders.append({"id": "SO-2", "state": "paid", "updated": ago(minutes=4)})
    assert (await pull(shop.house.webhooks, "shop", "order.changed")).news == 1


async def test_a_pull_is_no_occasion_to_tell_rules_of_a_status_seen_for_the_first_time(shop: Shop, system: Ledger) -> None:
    system.orders = [{"id": "SO-1", "state": "paid", "updated": ago(minutes=10)}]
    await pull(shop.house.webhooks, "shop", "order.changed")
    system.orders = [{"id": "SO-1", "state": "sent", "updated": ago(minutes=8)}]
    await pull(shop.house.webhooks, "shop", "order.changed")
    told = await shop.rows("SELECT fields ->> 'before', fields ->> 'status' FROM events WHERE kind = 'order.status_changed'")
    assert told == [("paid", "shipped")]


async def test_what_a_pull_found_newer_an_older_webhook_does_not_undo(shop: Shop, system: Ledger) -> None:
    system.orders = [{"id": "SO-1", "state": "sent", "updated": ago(minutes=2)}]
    await pull(shop.house.webhooks, "shop", "order.changed")
    await shop.tell({"kind": "touched", "id": "SO-1"})
    await shop.read()
    assert shop.statuses() == ["shipped"], "what was read again is no newer than what was pulled"


async def test_what_is_only_named_is_read_from_its_system(shop: Shop, system: Ledger, between: Proxy) -> None:
    await shop.tell({"kind": "touched", "id": "SO-1"})
    await shop.read()
    assert await shop.rows("SELECT state FROM inbox_work") == [("parked",)], "its system does not know it yet"
    system.orders = [{"id": "SO-1", "state": "sent", "updated": ago(minutes=1)}]
    between.rules = [status(503)]
    await shop.let_pass(timedelta(seconds=5))
    await shop.read()
    assert await shop.rows("SELECT state FROM inbox_work") == [("waiting",)], "its system is away"
    await shop.let_pass(timedelta(seconds=60))
    await shop.read()
    assert shop.statuses() == ["shipped"]


async def test_fetches_that_overtake_one_another_leave_the_newest(shop: Shop, system: Ledger, between: Proxy) -> None:
    system.orders = [{"id": "SO-1", "state": "paid", "updated": ago(minutes=5)}]

    async def slow(exchange: Exchange) -> None:
        reply = await exchange.forward()
        system.orders = [{"id": "SO-1", "state": "sent", "updated": ago(minutes=1)}]
        await shop.tell({"kind": "touched", "id": "SO-1"})
        await shop.read()
        await exchange.answer(reply)

    between.rules = [slow]
    await shop.tell({"kind": "touched", "id": "SO-1"})
    await shop.read()
    assert shop.statuses() == ["shipped"]
    assert await shop.rows("SELECT status FROM object_versions") == [("shipped",)]


async def test_the_cursor_moves_only_with_the_last_of_the_rows(shop: Shop, system: Ledger) -> None:
    """Rows are taken in lots; a worker that dies between two of them leaves the cursor where it was, and nothing is skipped."""
    system.orders = [{"id": f"SO-{number:03}", "state": "paid", "updated": ago(minutes=20)} for number in range(350)]
    plain = shop.house.webhooks.handlers.by_kind["order.changed"]

    async def dies_at_the_300th(tx: Transaction, news: News) -> None:
        del tx
        if news.subject == "shop:SO-299":
            raise ZeroDivisionError

    plain.append(dies_at_the_300th)
    with pytest.raises(ZeroDivisionError):
        await pull(shop.house.webhooks, "shop", "order.changed")
    assert await shop.rows("SELECT (SELECT count(*) FROM pull_cursors), (SELECT count(*) FROM object_versions)") == [(0, 200)]
    plain.remove(dies_at_the_300th)
    assert (await pull(shop.house.webhooks, "shop", "order.changed")).news == 150
    assert await shop.rows("SELECT count(*) FROM object_versions") == [(350,)]
