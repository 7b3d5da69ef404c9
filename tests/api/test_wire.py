"""Raw sockets against a real server: what a well-behaved client library would never send."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from fastapi import APIRouter, FastAPI
from tests.api.bad_input import event

from tieline.api import wire
from tieline.api.body_guard import SLOWEST_BODY_S, BodyGuard
from tieline.api.envelope import Envelope
from tieline.api.problems import EXCEPTION_HANDLERS
from tieline.api.security_headers import StandingHeaders
from tieline.api.strict_route import StrictRoute
from tieline.api.threshold import Addresses, Threshold
from tieline.domain.call import CallEvent
from tieline.security.declarations import public

HEAD_S = 0.4
BODY_S = 0.6
LIMIT = 100_000
REST = 200_000
REST_S = 0.6
heard: list[str] = []
router = APIRouter(route_class=StrictRoute)


@router.post("/events", dependencies=[public("test")])
async def take(given: CallEvent) -> dict[str, str]:
    heard.append(given.call_id)
    return {"call_id": given.call_id}


@router.get("/smuggled", dependencies=[public("test")])
async def smuggled() -> dict[str, str]:
    heard.append("smuggled")
    return {}


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    """The door's own layers and protocol around two routes, as patient with a head and a body as it really is."""
    async with serving(body_s=SLOWEST_BODY_S) as port:
        yield port


@pytest.fixture
async def hasty_port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The same, short of patience."""
    monkeypatch.setattr(wire, "SLOWEST_HEAD_S", HEAD_S)
    async with serving(body_s=BODY_S) as port:
        yield port


@contextlib.asynccontextmanager
async def serving(*, body_s: float) -> AsyncIterator[int]:
    framework = FastAPI(exception_handlers=dict(EXCEPTION_HANDLERS))
    framework.include_router(router)
    guarded = BodyGuard(framework, limit_bytes=LIMIT, within_s=body_s)
    app = Envelope(Threshold(guarded, addresses=Addresses(hosts=frozenset({"x"}))), headers=StandingHeaders(tls=False))
    listener = socket.create_server(("127.0.0.1", 0))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"LARGEST_REST_BYTES": REST, "SLOWEST_REST_S": REST_S}.items():
            patch.setattr(wire, name, value)
        server = Quiet(uvicorn.Config(app, lifespan="off", **wire.server_options()))
        under_way = asyncio.create_task(server.serve([listener]))
        yield int(listener.getsockname()[1])
        server.should_exit = True
        await under_way


class Quiet(uvicorn.Server):
    """A server that leaves the signals to pytest."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Heard:
    """Everything a server said until it hung up. `hung_up` is false when it was still listening at the end of our patience."""

    raw: bytes
    hung_up: bool

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def code(self) -> str:
        return str(json.loads(self.raw.partition(b"\r\n\r\n")[2])["code"])

    @property
    def answers(self) -> int:
        return self.raw.count(b"HTTP/1.1 ")


async def say(
    port: int, *parts: bytes, pause_s: float = 0.0, half_close: bool = False, patience_s: float = 20.0, until: bytes = b""
) -> Heard:
    """Send the parts, pausing between them, and listen all the while until the server hangs up, or has said `until`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    listening = asyncio.create_task(listen(reader, patience_s, until))
    with contextlib.suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
        if half_close:
            writer.write_eof()
    answer = await listening
    writer.close()
    return answer


async def listen(reader: asyncio.StreamReader, patience_s: float, until: bytes) -> Heard:
    raw = b""
    try:
        async with asyncio.timeout(patience_s):
            while chunk := await reader.read(65_536):
                raw += chunk
                if until and until in raw:
                    return Heard(raw, hung_up=False)
    except TimeoutError:
        return Heard(raw, hung_up=False)
    except ConnectionResetError:
        pass
    return Heard(raw, hung_up=True)


def post(body: bytes, *lines: bytes) -> bytes:
    head = [b"POST /events HTTP/1.1", b"Host: x", b"Content-Type: application/json", *lines]
    return b"\r\n".join([*head, b"", body])


GOOD = event(call_id="good")
LENGTH = b"Content-Length: %d" % len(GOOD)
CHUNKED = b"Transfer-Encoding: chunked"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(autouse=True)
def forget() -> None:
    heard.clear()


async def test_a_good_request_is_answered(port: int) -> None:
    answer = await say(port, post(GOOD, LENGTH, b"Connection: close"))
    assert (answer.status, heard) == (200, ["good"])


@pytest.mark.parametrize("address", [b"http://[bad", b"http://a:b:c/"])
async def test_an_address_that_cannot_be_read_is_refused_and_upsets_nothing(port: int, address: bytes) -> None:
    upset: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: upset.append(context))
    try:
        answer = await say(port, b"GET " + address + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    finally:
        loop.set_exception_handler(None)
    assert (answer.status, answer.code, answer.hung_up, upset) == (400, "request_malformed", True, [])


async def test_b24_a_length_beyond_the_limit_is_refused_before_a_byte_of_it_is_read(port: int) -> None:
    answer = await say(port, post(b"", b"Content-Length: 99999999"), until=b"}")
    assert (answer.status, answer.code) == (413, "body_too_large")


async def test_b24_whoever_is_still_sending_too_much_gets_the_answer_and_may_go_on(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is refused is read to its end, so nobody sees a reset; the next request on the same line is answered."""
    monkeypatch.setattr(wire, "SLOWEST_REST_S", 60.0)
    piece = b" " * 50_000
    sent = post(b"", b"Content-Length: 150000"), piece, piece, piece, post(GOOD, LENGTH, b"Connection: close")
    answer = await say(port, *sent, pause_s=0.05)
    assert (answer.status, answer.answers, heard) == (413, 2, ["good"])


async def test_b24_not_more_than_so_much_is_thrown_away(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SLOWEST_REST_S", 60.0)
    answer = await say(port, post(b"", b"Content-Length: 99999999"), b" " * (REST + 1), pause_s=0.05)
    assert (answer.status, answer.hung_up) == (413, True)


async def test_b24_what_trickles_after_the_answer_is_cut_off(port: int) -> None:
    answer = await say(port, post(b"", b"Content-Length: 99999999"), b" ", b" ", pause_s=REST_S / 4)
    assert (answer.status, answer.hung_up) == (413, True)


async def test_b25_chunks_beyond_the_limit_are_refused_as_they_come(port: int) -> None:
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    answer = await say(port, post(b"", CHUNKED), *[chunk] * 6)
    assert (answer.status, answer.code) == (413, "body_too_large")


async def test_b25_whoever_sends_less_than_announced_is_told(port: int) -> None:
    answer = await say(port, post(GOOD, b"Content-Length: 5000"), half_close=True)
    assert (answer.status, answer.code, answer.answers, heard) == (400, "request_malformed", 1, [])


async def test_b25_what_comes_after_the_announced_length_is_no_part_of_the_body(port: int) -> None:
    answer = await say(port, post(GOOD + b"GARBAGE\r\n\r\n", LENGTH))
    assert (answer.answers, answer.hung_up, heard) == (1, True, ["good"])


@pytest.mark.parametrize("ended", [True, False], ids=["complete", "endless"])
async def test_b26_a_huge_head_is_refused_complete_or_not(port: int, *, ended: bool) -> None:
    head = b"GET /smuggled HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000 + (b"\r\n\r\n" if ended else b"")
    answer = await say(port, head[:40_000], head[40_000:], until=b"}" if ended else b"")
    assert (answer.status, answer.code, answer.hung_up, heard) == (431, "headers_too_large", not ended, [])


async def test_b27_a_huge_address_is_refused(port: int) -> None:
    answer = await say(port, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.status in {400, 414, 431}


async def test_b28_a_head_that_trickles_is_cut_off(hasty_port: int) -> None:
    letters = [bytes([letter]) for letter in b"GET /smuggled HTTP/1.1\r\n"]
    answer = await say(hasty_port, *letters, pause_s=HEAD_S / 8)
    assert (answer.status, answer.code, answer.hung_up) == (408, "request_timeout", True)


async def test_b28_who_connects_and_says_nothing_is_let_go(hasty_port: int) -> None:
    answer = await say(hasty_port)
    assert (answer.raw, answer.hung_up) == (b"", True)


async def test_b28_a_body_that_trickles_is_cut_off(hasty_port: int) -> None:
    answer = await say(hasty_port, post(b'{"call', b"Content-Length: 5000"))
    assert (answer.status, answer.code, answer.hung_up, heard) == (408, "request_timeout", True, [])


AMBIGUOUS = {
    "length and chunks": post(b"0\r\n\r\n" + SMUGGLED, b"Content-Length: 5", CHUNKED),
    "chunks and length": post(b"0\r\n\r\n" + SMUGGLED, CHUNKED, b"Content-Length: 5"),
    "chunked and identity": post(b"0\r\n\r\n" + SMUGGLED, CHUNKED, b"Transfer-Encoding: identity"),
    "an unknown coding": post(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: xchunked"),
    "chunked twice": post(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: chunked, chunked"),
    "two lengths": post(GOOD + SMUGGLED, LENGTH, b"Content-Length: 6"),
    "the same length twice": post(GOOD + SMUGGLED, LENGTH, LENGTH),
    "a list of lengths": post(GOOD + SMUGGLED, LENGTH + b", %d" % len(GOOD)),
    "a signed length": post(GOOD + SMUGGLED, LENGTH.replace(b": ", b": +")),
    "a negative length": post(GOOD + SMUGGLED, b"Content-Length: -1"),
    "a huge chunk": post(b"FFFFFFFFFFFFFFFFF\r\nx", CHUNKED),
    "bare line feeds": SMUGGLED.replace(b"\r\n", b"\n"),
    "a bare line feed in a header": b"GET /smuggled HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
    "bare line feeds between chunks": post(b"1\nx\n0\n\n", CHUNKED),
    "a folded header": b"GET /smuggled HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "a space before the colon": b"GET /smuggled HTTP/1.1\r\nHost : x\r\n\r\n",
    "a carriage return in a value": b"GET /smuggled HTTP/1.1\r\nHost: x\rX: y\r\n\r\n",
    "a NUL in a value": b"GET /smuggled HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    "two hosts": b"GET /smuggled HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "a preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("sent", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_b29_what_could_be_read_two_ways_is_refused_and_hides_no_second_request(port: int, sent: bytes) -> None:
    answer = await say(port, sent)
    assert (answer.status, answer.code, answer.hung_up) == (400, "request_malformed", True)
    assert answer.answers == 1
    assert heard == []


async def test_two_requests_one_after_the_other_are_two_requests(port: int) -> None:
    answer = await say(port, post(GOOD, LENGTH) + post(GOOD, LENGTH, b"Connection: close"))
    assert (answer.answers, heard) == (2, ["good", "good"])


async def test_a_refusal_off_the_wire_carries_the_standing_headers(port: int) -> None:
    answer = await say(port, AMBIGUOUS["two lengths"])
    head = answer.raw.partition(b"\r\n\r\n")[0].lower()
    for line in (b"content-type: application/problem+json", b"x-content-type-options: nosniff", b"cache-control: no-store"):
        assert line in head
    assert head.count(b"connection:") == 1
    assert b"server:" not in head
