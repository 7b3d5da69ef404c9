"""What happens reaches RabbitMQ and NATS JetStream, acknowledged or again: against real brokers, killed in the middle."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from structlog.testing import capture_logs
from tests.faults.certificates import certificate
from tests.faults.vendor import Vendor
from tests.ports import free_port
from tests.subscriptions.brokers import Nats, Rabbitmq, nats_server, rabbitmq_server
from tests.subscriptions.telling import TICKET, happen, let_pass
from tests.webhooks.shop import TOKEN, Shop, open_shop
from yarl import URL

from tieline.connectors.outgoing import jetstream, rabbitmq
from tieline.connectors.outgoing.bus import Bus, BusAddress, BusMessage
from tieline.connectors.outgoing.buses import open_bus
from tieline.domain.errors import VendorTimeout, VendorUnavailable
from tieline.services.delivery.carrying import carry
from tieline.services.subscriptions.telling import tell_new
from tieline.worker.edge import catch

LONG = timedelta(hours=13)
PLACE = "tieline_events"
MESSAGE = BusMessage("evt_1", "ticket:1", "ticket.changed", "{}")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    certificate(folder, "127.0.0.1")
    return folder


@pytest.fixture(scope="module")
async def nats_broker(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> AsyncIterator[Nats]:
    if nats_server() is None:
        pytest.skip("NOT TESTED: THE OUTLET TO NATS, FOR WANT OF THE PROGRAM nats-server")
    broker = Nats(tmp_path_factory.mktemp("nats"), certificates)
    await broker.start()
    yield broker
    broker.end()


@pytest.fixture(scope="module")
async def rabbitmq_broker(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> AsyncIterator[Rabbitmq]:
    if rabbitmq_server() is None:
        pytest.skip("NOT TESTED: THE OUTLET TO RABBITMQ, FOR WANT OF THE PROGRAM rabbitmq-server")
    broker = Rabbitmq(tmp_path_factory.mktemp("rabbitmq"), certificates)
    await broker.start()
    yield broker
    broker.end()


@pytest.fixture(params=["nats_broker", "rabbitmq_broker"])
def broker(request: pytest.FixtureRequest) -> Nats | Rabbitmq:
    found: Nats | Rabbitmq = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def place(request: pytest.FixtureRequest) -> str:
    """A place of this test's own."""
    return "".join(letter if letter.isalnum() else "_" for letter in request.node.name)


@pytest.fixture
async def shop(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: Vendor, broker: Nats | Rabbitmq, place: str
) -> AsyncIterator[Shop]:
    monkeypatch.setenv("TIELINE_TEST_SHOP_TOKEN", TOKEN)
    with capture_logs():
        async with open_shop(database_url, tmp_path, base_url=receiver.url, outlets=broker.setting(place)) as opened:
            yield opened


@asynccontextmanager
async def opened(setting: str, *, within_s: float = 5) -> AsyncIterator[Bus]:
    (address,) = BusAddress.parse_all(setting)
    bus = open_bus(address, within_s=within_s)
    try:
        yield bus
    finally:
        await bus.aclose()


async def step(shop: Shop, *, most: int = 100) -> int:
    await tell_new(shop.house.subscriptions)
    due = await shop.rows("SELECT order_key FROM deliveries WHERE state = 'pending' GROUP BY 1 ORDER BY min(position)")
    return sum([await carry(shop.house.deliveries, "outlet:bi", [key], has_turn=True, catch=catch) for (key,) in due[:most]])


async def test_an_event_is_delivered_once_the_broker_wrote_it_down(shop: Shop, broker: Nats | Rabbitmq, place: str) -> None:
    await broker.listen(place)
    await happen(shop, "ticket.created", name="Wang")
    await happen(shop, "ticket.changed", name="Wang")
    assert await step(shop) == 2
    assert await shop.rows("SELECT state FROM deliveries") == [("delivered",)] * 2
    heard = await broker.heard(place)
    assert [(one.kind, json.loads(one.body)["type"]) for one in heard] == [
        ("ticket.created", "ticket.created"),
        ("ticket.changed", "ticket.changed"),
    ]
    assert [one.id for one in heard] == [key for (key,) in await shop.rows("SELECT key FROM deliveries ORDER BY position")]
    assert {one.key for one in heard} == {f"ticket:{TICKET}"}
    assert b"Wang" not in b"".join(one.body for one in heard)


async def test_what_nobody_would_keep_is_not_delivered(shop: Shop, broker: Nats | Rabbitmq, place: str) -> None:
    if isinstance(broker, Rabbitmq):
        await broker.make(place)
    await happen(shop)
    await step(shop)
    assert await shop.rows("SELECT state, reason FROM deliveries") == [("pending", "outlet_unrouted")]
    await broker.listen(place)
    await let_pass(shop, LONG)
    assert (await step(shop), len(await broker.heard(place))) == (1, 1)


async def test_a_broker_killed_in_the_middle_loses_nothing(shop: Shop, broker: Nats | Rabbitmq, place: str) -> None:
    await broker.listen(place)
    for number in range(12):
        await happen(shop, subject=f"{TICKET[:-2]}{number:02d}")
    assert await step(shop, most=5) == 5
    sending = asyncio.create_task(step(shop, most=2))
    broker.kill()
    await sending
    await step(shop, most=1)
    waiting = await shop.rows("SELECT count(*) FROM deliveries WHERE state = 'pending'")
    assert waiting[0][0] >= 5
    await broker.start()
    await let_pass(shop, LONG)
    await step(shop)
    assert await shop.rows("SELECT state, count(*) FROM deliveries GROUP BY 1") == [("delivered", 12)]
    keys = {key for (key,) in await shop.rows("SELECT key FROM deliveries")}
    assert {one.id for one in await broker.heard(place)} == keys


async def test_a_stream_keeps_one_of_what_is_sent_twice(nats_broker: Nats, place: str) -> None:
    await nats_broker.listen(place)
    async with opened(nats_broker.setting(place)) as bus:
        await bus.publish(MESSAGE)
        await bus.publish(MESSAGE)
    assert [one.id for one in await nats_broker.heard(place)] == ["evt_1"]


async def test_a_queue_keeps_both_under_one_id(rabbitmq_broker: Rabbitmq, place: str) -> None:
    await rabbitmq_broker.listen(place)
    async with opened(rabbitmq_broker.setting(place)) as bus:
        await bus.publish(MESSAGE)
        await bus.publish(MESSAGE)
    assert [one.id for one in await rabbitmq_broker.heard(place)] == ["evt_1", "evt_1"]


async def test_another_server_of_the_cluster_is_asked(broker: Nats | Rabbitmq, place: str) -> None:
    await broker.listen(place)
    before, at, behind = broker.setting(place).partition("@")
    async with opened(f"{before}{at}127.0.0.1:{free_port()};{behind}") as bus:
        await bus.publish(MESSAGE)
    assert len(await broker.heard(place)) == 1


async def test_an_exchange_that_is_not_there_is_not_made(rabbitmq_broker: Rabbitmq, place: str) -> None:
    async with opened(rabbitmq_broker.setting(place)) as bus:
        with pytest.raises(VendorUnavailable) as caught:
            await bus.publish(MESSAGE)
        assert caught.value.code == "outlet_refused"
        await rabbitmq_broker.listen(place)
        await bus.publish(MESSAGE)
    assert len(await rabbitmq_broker.heard(place)) == 1


async def test_a_wrong_password_is_told(broker: Nats | Rabbitmq, place: str) -> None:
    async with opened(broker.setting(place, password="wrong")) as bus:
        with pytest.raises(VendorUnavailable) as caught:
            await bus.publish(MESSAGE)
    assert caught.value.code == "outlet_refused"


async def test_over_tls_only_a_certificate_somebody_vouches_for_is_spoken_to(
    broker: Nats | Rabbitmq, place: str, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(broker, Nats):
        await broker.start_secure()
    async with opened(broker.setting(place, tls=True)) as bus:
        with pytest.raises(VendorUnavailable) as caught:
            await bus.publish(MESSAGE)
    assert caught.value.code != "outlet_unrouted"

    def trust() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(certificates / "cert.pem"))

    for module in (jetstream, rabbitmq):
        monkeypatch.setattr(module, "trusted_tls", trust)
    if isinstance(broker, Rabbitmq):
        await broker.make(place)
    async with opened(broker.setting(place, tls=True)) as bus:
        with pytest.raises(VendorUnavailable) as caught:
            await bus.publish(MESSAGE)
    assert caught.value.code == "outlet_unrouted"  # It was understood: there is no stream and no queue.


async def test_nothing_secret_is_said_to_a_broker_that_offers_no_tls(place: str) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def strip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id": "eve", "version": "2.9.10", "max_payload": 1048576, "auth_required": true}\r\n')
        said = b""
        while chunk := await reader.read(1000):
            said += chunk
            if b"PING" in chunk:
                writer.write(b"PONG\r\n")
        heard.put_nowait(said)
        writer.close()

    eve = await asyncio.start_server(strip, "127.0.0.1", 0)
    port = eve.sockets[0].getsockname()[1]
    for who in ("tieline:secret@", "secret@", ""):
        async with opened(f"bi=nats+tls://{who}127.0.0.1:{port}/{place}") as bus:
            with pytest.raises(VendorUnavailable) as caught:
                await bus.publish(MESSAGE)
        assert caught.value.code == "outlet_refused"
        said = await heard.get()
        assert not any(word in said for word in (b"secret", b"PUB"))
    eve.close()


async def test_a_broker_that_says_nothing_is_given_up(place: str) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    for scheme in ("amqp", "nats"):
        async with opened(f"bi={scheme}://127.0.0.1:{port}/{place}", within_s=0.3) as bus:
            with pytest.raises((VendorTimeout, VendorUnavailable)):
                await bus.publish(MESSAGE)
    silent.close()


async def test_a_broker_that_cannot_be_reached_leaves_nothing_that_closes_itself_later(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's finalizer would, in the middle of whatever runs by then, and where no loop runs it complains instead."""
    made: list[aio_pika.Connection] = []

    def connection(url: URL, **more: Any) -> aio_pika.Connection:  # noqa: ANN401 - as the library has it
        made.append(library_s(url, **more))
        return made[-1]

    library_s = aio_pika.Connection
    monkeypatch.setattr(aio_pika, "Connection", connection)
    async with opened(f"bi=amqp://127.0.0.1:{free_port()}/{place}") as bus:
        for _ in range(2):
            with pytest.raises(VendorUnavailable):
                await bus.publish(MESSAGE)
    assert [one.is_closed for one in made] == [True, True]
