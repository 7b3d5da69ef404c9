"""HTTP as vendors really write it, and as nobody should: one line, one answer at a time."""

import asyncio

import pytest
from tests.faults.test_connector_transport import PATIENCE_S
from tests.faults.vendor import Asked, Step, answer, vendor

from tieline.connectors.wire.messages import Outgoing
from tieline.connectors.wire.transport import HttpWire, written
from tieline.domain.errors import VendorBadAnswer, VendorMisconfigured, VendorUnavailable
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress

KIB = 1024


def wire(port: int) -> HttpWire:
    return HttpWire(Egress.parse(f"127.0.0.1=127.0.0.1/32:{port}"), connections=10, response_bytes=64 * KIB)


def read(url: str) -> Outgoing:
    return Outgoing("GET", f"{url}/x", read=True)


def says(raw: bytes, *, and_closes: bool = False) -> Step:
    async def step(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        if and_closes:
            await writer.drain()
            writer.close()

    return step


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    async with vendor(says(b"HTTP/1.1 200 OK\r\n\r\n[1]", and_closes=True)) as crm, wire(crm.port) as client:
        for _ in range(2):
            got = await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
            assert (got.status, got.body) == (200, b"[1]")
        assert crm.connections == 2


async def test_chunks_are_joined_and_the_line_is_kept() -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1,\r\n2 \r\n2]\r\n0\r\n\r\n"
    async with vendor(says(chunked)) as crm, wire(crm.port) as client:
        bodies = [(await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))).body for _ in range(3)]
        assert (bodies, crm.connections) == ([b"[1,2]"] * 3, 1)


async def test_an_interim_answer_is_not_the_answer() -> None:
    twice = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    async with vendor(says(twice)) as crm, wire(crm.port) as client:
        for _ in range(2):
            got = await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
            assert (got.status, got.body, "link" in got.headers) == (200, b"{}", False)
        assert crm.connections == 1


async def test_204_has_no_body_and_keeps_the_line() -> None:
    async with vendor(says(b"HTTP/1.1 204 No Content\r\n\r\n")) as crm, wire(crm.port) as client:
        for _ in range(2):
            assert (await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))).status == 204
        assert crm.connections == 1


async def test_a_repeated_header_becomes_one() -> None:
    raw = b"HTTP/1.1 200 OK\r\nLink: <a>\r\nlink: <b>\r\ncontent-length: 0\r\n\r\n"
    async with vendor(says(raw)) as crm, wire(crm.port) as client:
        got = await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
    assert got.headers["link"] == "<a>, <b>"


@pytest.mark.parametrize("announced", [b"connection: close\r\n", b""], ids=["HTTP/1.1 close", "HTTP/1.0"])
async def test_a_vendor_that_announces_the_end_is_not_asked_on_that_line_again(announced: bytes) -> None:
    version = b"1.1" if announced else b"1.0"
    raw = b"HTTP/" + version + b" 200 OK\r\n" + announced + b"content-length: 2\r\n\r\n{}"
    async with vendor(says(raw)) as crm, wire(crm.port) as client:
        for _ in range(3):
            await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        assert [asked.connection for asked in crm.asked] == [1, 2, 3]


async def test_an_answer_nobody_asked_for_never_becomes_the_next_ones() -> None:
    """A vendor (or a proxy of his) that is one answer ahead would otherwise show one customer's data for another."""
    one = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"
    async with vendor(says(one + b"[1]" + one + b"[2]"), says(one + b"[3]")) as crm, wire(crm.port) as client:
        first = await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        second = await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        assert (first.body, second.body, crm.connections) == (b"[1]", b"[3]", 2)


async def test_an_answer_that_comes_after_its_own_end_closes_the_line() -> None:
    async def late(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await answer(b"[1]")(asked, writer)
        await asyncio.sleep(0.05)
        await answer(b"[2]")(asked, writer)

    async with vendor(late, answer(b"[3]")) as crm, wire(crm.port) as client:
        await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        await crm.left.wait()
        assert (await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))).body == b"[3]"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "upstream_truncated"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}", "upstream_truncated"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}", "upstream_truncated"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "upstream_truncated"),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "upstream_truncated"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 2\r\n\r\n{}", "upstream_truncated"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}", "upstream_truncated"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * (200 * KIB), "upstream_too_large"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n", "upstream_truncated"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1;" + b"x" * (200 * KIB), "upstream_too_large"),
    ],
    ids=[
        "another protocol",
        "two lengths",
        "a negative length",
        "no chunk",
        "another protocol from here on",
        "an encoding we did not ask for",
        "no gzip",
        "an endless header",
        "a length beyond counting",
        "an endless chunk line",
    ],
)
async def test_what_is_no_answer_is_told_so_and_not_asked_again(raw: bytes, code: str) -> None:
    async with vendor(says(raw)) as crm, wire(crm.port) as client:
        with pytest.raises(VendorBadAnswer) as caught:
            await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        assert (caught.value.code, len(crm.asked)) == (code, 1)


async def test_lines_that_lay_unused_too_long_are_closed_and_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.connectors.wire.transport.KEEP_ALIVE_S", 0.05)
    async with vendor(answer()) as crm, wire(crm.port) as client:
        await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        await asyncio.sleep(0.1)
        await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        assert [asked.connection for asked in crm.asked] == [1, 2]


async def test_closing_the_client_ends_the_calls_under_way_as_broken() -> None:
    async with vendor(says(b"")) as crm, wire(crm.port) as client:
        call = asyncio.create_task(client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S)))
        await crm.has_been_asked(1)
        await client.aclose()
        with pytest.raises(VendorUnavailable):
            await call


def test_a_value_that_would_begin_a_header_of_its_own_is_never_sent() -> None:
    outgoing = Outgoing("GET", "https://crm.example/x", {"authorization": "Bearer a\r\nx-admin: 1"}, read=True)
    with pytest.raises(VendorMisconfigured) as caught:
        written(outgoing)
    assert caught.value.code == "header_forbidden"


@pytest.mark.parametrize(
    ("url", "line", "host"),
    [
        ("https://crm.example", b"GET / HTTP/1.1", b"crm.example"),
        ("https://crm.example:443?a=1#part", b"GET /?a=1 HTTP/1.1", b"crm.example"),
        ("https://crm.example:8443/a", b"GET /a HTTP/1.1", b"crm.example:8443"),
        ("http://[fd00::7]:8080/a", b"GET /a HTTP/1.1", b"[fd00::7]:8080"),
        ("https://crm.example/next?q=张 伟\r\nx: y", b"GET /next?q=%E5%BC%A0%20%E4%BC%9F%0D%0Ax:%20y HTTP/1.1", b"crm.example"),
    ],
)
def test_a_link_the_vendor_wrote_becomes_one_request_line(url: str, line: bytes, host: bytes) -> None:
    _, request = written(Outgoing("GET", url, read=True))
    first, second, *_ = request.split(b"\r\n")
    assert (first, second) == (line, b"host: " + host)
