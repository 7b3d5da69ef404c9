"""The three protocols on real sockets, and what goes wrong on them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from tests.flows.ami_exchange import SECRET, AmiExchange, open_exchange

from tieline.connectors.streams import esl
from tieline.connectors.streams.ami import AmiSettings, AmiStream, filter_of
from tieline.connectors.streams.ari import LISTED, AriSettings, AriStream
from tieline.connectors.streams.esl import EslSettings, EslStream
from tieline.connectors.streams.stream import StreamLost, Waiting
from tieline.connectors.wire.transport import trusted_tls
from tieline.domain.errors import EgressForbidden, VendorMisconfigured, VendorUnavailable
from tieline.security.egress import Egress

RIGHT = SECRET
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def permitted(port: int) -> Egress:
    return Egress.parse(f"127.0.0.1=127.0.0.0/8:{port}")


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def ami_settings(port: int, *, secret: str = SECRET) -> AmiSettings:
    return AmiSettings("127.0.0.1", str(port), False, "tieline", secret, "md5", {"Hangup": {}}, ("CoreShowChannels",))


async def open_ami(exchange: AmiExchange) -> AmiStream:
    return await AmiStream.open(ami_settings(exchange.port), permitted(exchange.port), tls=trusted_tls())


async def test_ami_hands_over_what_was_subscribed_and_lists_what_goes_on() -> None:
    async with open_exchange() as exchange:
        exchange.listed = [{"Channel": "PJSIP/1001-1", "Uniqueid": "a.1", "Linkedid": "a.1"}]
        stream = await open_ami(exchange)
        exchange.say({"Event": "HangupRequest", "Uniqueid": "a.0"}, {"Event": "Hangup", "Uniqueid": "a.1"})
        (heard,) = await stream.next_messages(at_most=10)
        (listed,) = await stream.snapshot()
        await stream.aclose()
    assert (heard["Event"], heard["Uniqueid"], listed["Event"]) == ("Hangup", "a.1", "CoreShowChannel")


async def test_ami_refuses_a_wrong_secret_without_telling_it() -> None:
    async with open_exchange() as exchange:
        with pytest.raises(VendorMisconfigured) as refused:
            await AmiStream.open(ami_settings(exchange.port, secret="another"), permitted(exchange.port), tls=trusted_tls())
    assert (refused.value.code, "another" in str(refused.value)) == ("stream_sign_in", False)


async def test_an_address_nobody_permitted_is_not_dialled() -> None:
    async with open_exchange() as exchange:
        with pytest.raises(EgressForbidden):
            await AmiStream.open(ami_settings(exchange.port), Egress(), tls=trusted_tls())
    assert exchange.sessions == 0


async def test_nobody_there_is_told_as_unavailable() -> None:
    async with open_exchange() as exchange:
        port = exchange.port
    with pytest.raises(VendorUnavailable):
        await AmiStream.open(ami_settings(port), permitted(port), tls=trusted_tls())


@pytest.mark.parametrize("nonsense", [b"SSH-2.0-OpenSSH_9\r\n", b"x" * 100_000, b""], ids=["ssh", "endless", "hang_up"])
async def test_what_is_no_manager_interface_is_left(nonsense: bytes) -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(nonsense)
        writer.close()

    async with listening(serve) as port:
        with pytest.raises(StreamLost):
            await AmiStream.open(ami_settings(port), permitted(port), tls=trusted_tls())


async def test_an_event_without_end_ends_the_line_and_not_our_memory() -> None:
    async with open_exchange() as exchange:
        stream = await open_ami(exchange)
        exchange.lines[0].writer.write(b"Event: Hangup\r\n" + b"X: y\r\n" * 1000)
        with pytest.raises(StreamLost) as lost:
            await stream.next_messages(at_most=1)
        await stream.aclose()
    assert lost.value.code == "stream_unreadable"


async def test_what_was_heard_before_the_line_was_lost_is_handed_over_first() -> None:
    waiting = Waiting()
    for message in ({"a": 1}, {"a": 2}, StreamLost()):
        await waiting.put(message)
    assert await waiting.take(at_most=10) == [{"a": 1}, {"a": 2}]
    for _ in range(2):
        with pytest.raises(StreamLost):
            await waiting.take(at_most=10)


def test_a_filter_lets_one_name_through_and_not_its_namesakes() -> None:
    assert filter_of("Hangup", {}) == "Event: Hangup[[:cntrl:]]"
    assert filter_of("VarSet", {"Variable": "X"}) == "Event: VarSet[[:cntrl:]].*Variable: X[[:cntrl:]]"


@dataclass
class EventSocket:
    """A FreeSWITCH event socket as its sources describe it."""

    password: str = RIGHT
    commands: list[str] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        writer.write(b"Content-Type: auth/request\n\n")
        while command := (await reader.readuntil(b"\n\n")).decode().strip():
            self.commands.append(command)
            self._answer(writer, command)

    def _answer(self, writer: asyncio.StreamWriter, command: str) -> None:
        if command.startswith("auth "):
            right = command == f"auth {self.password}"
            writer.write(f"Content-Type: command/reply\nReply-Text: {'+OK accepted' if right else '-ERR invalid'}\n\n".encode())
        elif command.startswith("api "):
            body = json.dumps({"row_count": len(self.rows), "rows": self.rows}).encode()
            writer.write(b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(body), body))
        else:
            writer.write(b"Content-Type: command/reply\nReply-Text: +OK event listener enabled json\n\n")


def frame(event: dict[str, str]) -> bytes:
    body = json.dumps(event).encode()
    return b"Content-Length: %d\nContent-Type: text/event-json\n\n%b" % (len(body), body)


async def open_esl(port: int, *, password: str = RIGHT) -> EslStream:
    settings = EslSettings(
        "127.0.0.1", str(port), False, password, ("CUSTOM:callcenter::info", "CHANNEL_ANSWER"), ("show channels as json",)
    )
    return await EslStream.open(settings, permitted(port), tls=trusted_tls())


@pytest.fixture
async def socket() -> AsyncIterator[tuple[EventSocket, int]]:
    exchange = EventSocket()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await exchange.serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with listening(serve) as port:
        yield exchange, port


async def test_esl_subscribes_with_custom_last_and_reads_frames_however_they_are_cut(socket: tuple[EventSocket, int]) -> None:
    exchange, port = socket
    exchange.rows = [{"uuid": "u-1", "name": "sofia/internal/1001@x"}]
    stream = await open_esl(port)
    told = frame({"Event-Name": "CHANNEL_ANSWER", "Unique-ID": "u-1", "Caller-Caller-ID-Name": "张伟"})
    for place in range(0, len(told), 7):
        exchange.writers[0].write(told[place : place + 7])
        await exchange.writers[0].drain()
    (heard,) = await stream.next_messages(at_most=5)
    listed = await stream.snapshot()
    await stream.aclose()
    assert (heard["Unique-ID"], heard["Caller-Caller-ID-Name"]) == ("u-1", "张伟")
    assert listed == [{"uuid": "u-1", "name": "sofia/internal/1001@x", "Event-Name": esl.LISTED}]
    assert exchange.commands[:2] == [f"auth {RIGHT}", "event json CHANNEL_ANSWER CUSTOM callcenter::info"]


async def test_esl_tells_a_wrong_password_and_a_farewell(socket: tuple[EventSocket, int]) -> None:
    exchange, port = socket
    with pytest.raises(VendorMisconfigured):
        await open_esl(port, password="wrong")
    stream = await open_esl(port)
    exchange.writers[-1].write(b"Content-Type: text/disconnect-notice\nContent-Length: 3\n\nbye")
    with pytest.raises(StreamLost):
        await stream.next_messages(at_most=1)
    await stream.aclose()


async def test_esl_takes_no_frame_larger_than_a_frame_may_be(socket: tuple[EventSocket, int]) -> None:
    exchange, port = socket
    stream = await open_esl(port)
    exchange.writers[-1].write(b"Content-Type: text/event-json\nContent-Length: 99999999999\n\n")
    with pytest.raises(StreamLost) as lost:
        await stream.next_messages(at_most=1)
    await stream.aclose()
    assert lost.value.code == "stream_unreadable"


async def test_a_password_cannot_carry_a_command_of_its_own(socket: tuple[EventSocket, int]) -> None:
    exchange, port = socket
    with pytest.raises(VendorMisconfigured):
        await open_esl(port, password="x\n\napi shutdown")
    assert exchange.commands == []


@dataclass
class RestInterface:
    """Asterisk's ARI: a WebSocket, the filter, and the channels."""

    filters: list[Any] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    read_only: bool = False

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/ari/events", self._events)
        application.router.add_put("/ari/applications/{app}/eventFilter", self._filter)
        application.router.add_get("/ari/channels", self._channels)
        return application

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("authorization") != "Basic " + base64.b64encode(f"tieline:{RIGHT}".encode()).decode():
            return web.json_response({"message": "Authentication required"}, status=401)
        opened = web.WebSocketResponse()
        await opened.prepare(request)
        self.sockets.append(opened)
        self.requests.append(request)
        async for _ in opened:
            pass
        return opened

    async def _filter(self, request: web.Request) -> web.Response:
        if self.read_only:
            return web.json_response({"message": "Write access denied"}, status=403)
        self.filters.append(await request.json())
        return web.json_response({"name": request.match_info["app"]})

    async def _channels(self, _request: web.Request) -> web.Response:
        return web.json_response([{"id": "c-1"}])


@asynccontextmanager
async def rest_interface(interface: RestInterface) -> AsyncIterator[int]:
    runner = web.AppRunner(interface.application(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def open_ari(port: int, *, password: str = RIGHT) -> AriStream:
    settings = AriSettings(f"http://127.0.0.1:{port}", "tieline", password, "desk app", ("Dial", "ChannelDestroyed"))
    return await AriStream.open(settings, permitted(port), tls=trusted_tls())


async def test_ari_sets_its_filter_on_every_connection() -> None:
    interface = RestInterface()
    async with rest_interface(interface) as port:
        for _ in range(2):
            stream = await open_ari(port)
            assert stream.filtered
            await interface.sockets[-1].send_json({"type": "Dial"})
            assert await stream.next_messages(at_most=5) == [{"type": "Dial"}]
            assert await stream.snapshot() == [{"type": LISTED, "channel": {"id": "c-1"}}]
            await stream.aclose()
    assert interface.filters == [{"allowed": [{"type": "Dial"}, {"type": "ChannelDestroyed"}]}] * 2
    assert interface.requests[0].query == {"app": "desk app", "subscribeAll": "true"}


async def test_ari_that_ends_without_a_close_frame_is_lost() -> None:
    interface = RestInterface()
    async with rest_interface(interface) as port:
        stream = await open_ari(port)
        transport = interface.requests[0].transport
        assert transport is not None
        transport.abort()
        with pytest.raises(StreamLost):
            await stream.next_messages(at_most=1)
        await stream.aclose()


async def test_ari_taken_over_by_another_program_says_so() -> None:
    interface = RestInterface()
    async with rest_interface(interface) as port:
        stream = await open_ari(port)
        await interface.sockets[0].send_json({"type": "ApplicationReplaced"})
        with pytest.raises(StreamLost) as lost:
            await stream.next_messages(at_most=1)
        await stream.aclose()
    assert lost.value.code == "stream_replaced"


async def test_ari_for_a_user_who_may_only_read_comes_unfiltered() -> None:
    interface = RestInterface(read_only=True)
    async with rest_interface(interface) as port:
        stream = await open_ari(port)
        assert not stream.filtered
        await stream.aclose()


async def test_ari_refuses_a_wrong_password() -> None:
    async with rest_interface(RestInterface()) as port:
        with pytest.raises(VendorMisconfigured) as refused:
            await open_ari(port, password="wrong")
    assert refused.value.code == "stream_sign_in"
