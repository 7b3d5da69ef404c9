"""What happens reaches a Kafka topic, once acknowledged: against librdkafka's mock cluster, which listens on a real socket."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.faults.vendor import Vendor
from tests.subscriptions.telling import TICKET, happen, let_pass
from tests.webhooks.shop import TOKEN, Shop, open_shop

from tieline.connectors.outgoing.bus import BusAddress, BusMessage
from tieline.connectors.outgoing.kafka import KafkaOutlet
from tieline.domain.errors import VendorUnavailable
from tieline.services.delivery.carrying import carry
from tieline.services.subscriptions.telling import tell_new
from tieline.worker.edge import catch

kafka = pytest.importorskip("confluent_kafka", reason="NOT TESTED: the outlet to Kafka, for want of the extra `bus`")
LONG = timedelta(hours=13)


@pytest.fixture
def cluster() -> Any:  # noqa: ANN401 - confluent_kafka is untyped
    """A cluster of one broker that lives as long as the producer that made it."""
    return kafka.Producer({"bootstrap.servers": "x:1", "test.mock.num.brokers": 1, "log_level": 0})


def address_of(cluster: Any) -> str:  # noqa: ANN401 - likewise
    (broker,) = cluster.list_topics(timeout=10).brokers.values()
    return f"{broker.host}:{broker.port}"


def messages(address: str, *, count: int) -> list[Any]:
    """Read so many messages of the topic from its beginning."""
    consumer = kafka.Consumer({"bootstrap.servers": address, "group.id": "t", "auto.offset.reset": "earliest", "log_level": 0})
    consumer.subscribe(["events"])
    found = [consumer.poll(20) for _ in range(count)]
    consumer.close()
    return found


@pytest.fixture
async def shop(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    receiver: Vendor,
    cluster: Any,  # noqa: ANN401 - likewise
) -> AsyncIterator[Shop]:
    monkeypatch.setenv("TIELINE_TEST_SHOP_TOKEN", TOKEN)
    with capture_logs():
        outlets = f"bi=kafka://{address_of(cluster)}/events"
        async with open_shop(database_url, tmp_path, base_url=receiver.url, outlets=outlets) as opened:
            yield opened


async def step(shop: Shop) -> int:
    await tell_new(shop.house.subscriptions)
    due = await shop.rows("SELECT DISTINCT order_key FROM deliveries WHERE connection = 'outlet:bi'")
    return sum([await carry(shop.house.deliveries, "outlet:bi", [key], has_turn=True, catch=catch) for (key,) in due])


async def test_an_event_is_delivered_once_the_broker_acknowledged_it(shop: Shop, cluster: Any) -> None:  # noqa: ANN401 - likewise
    await happen(shop, "ticket.created", name="Wang")
    await happen(shop, "ticket.changed", name="Wang")
    assert await step(shop) == 2
    assert await shop.rows("SELECT state FROM deliveries") == [("delivered",)] * 2
    first, second = messages(address_of(cluster), count=2)
    assert [json.loads(one.value())["type"] for one in (first, second)] == ["ticket.created", "ticket.changed"]
    assert (first.key(), first.key()) == (f"ticket:{TICKET}".encode(), second.key())
    keys = [key for (key,) in await shop.rows("SELECT key FROM deliveries ORDER BY position")]
    assert [dict(one.headers())["webhook-id"].decode() for one in (first, second)] == keys
    assert b"Wang" not in first.value() + second.value()


async def test_while_the_broker_is_away_everything_waits(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise VendorUnavailable

    with monkeypatch.context() as gone:
        gone.setattr(KafkaOutlet, "publish", away)
        await happen(shop)
        await step(shop)
        assert await shop.rows("SELECT state, reason FROM deliveries") == [("pending", "upstream_unavailable")]
    await let_pass(shop, LONG)
    assert await step(shop) == 1
    assert await shop.rows("SELECT state, attempts FROM deliveries") == [("delivered", 2)]


async def test_no_acknowledgement_is_no_delivery() -> None:
    (address,) = BusAddress.parse_all("bi=kafka://127.0.0.1:9/events")
    outlet = KafkaOutlet(address, within_s=4)
    with pytest.raises(VendorUnavailable):
        await outlet.publish(BusMessage("evt_1", "ticket:1", "ticket.changed", "{}"))
    await outlet.aclose()
