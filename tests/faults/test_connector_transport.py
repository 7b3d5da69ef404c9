"""What the one HTTP client does when the other side misbehaves; over real sockets."""

import asyncio
import socket
import time
import tracemalloc

import pytest
from tests.faults.vendor import Step, answer, bomb, break_off, endless, hang, hang_up, reset, then_close, trickle, vendor

from tieline.connectors.wire.messages import Outgoing
from tieline.connectors.wire.transport import HttpWire
from tieline.domain.errors import EgressForbidden, OutcomeUnknown, VendorBadAnswer, VendorTimeout, VendorUnavailable
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress

KIB = 1024
PATIENCE_S = 30.0
"""What a busy machine is granted where the time is not what is tested."""


def wire(port: int, *, response_bytes: int = 64 * KIB) -> HttpWire:
    return HttpWire(Egress.parse(f"127.0.0.1=127.0.0.1/32:{port}"), connections=10, response_bytes=response_bytes)


def read(url: str) -> Outgoing:
    return Outgoing("GET", f"{url}/x", read=True)


def write(url: str, method: str = "POST") -> Outgoing:
    return Outgoing(method, f"{url}/x", {"content-type": "application/json"}, b"{}")


async def test_an_answer_comes_back_whole_with_its_headers() -> None:
    async with vendor(answer(b'{"a":1}', status=201, x_trace="t-1")) as crm, wire(crm.port) as client:
        got = await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
    assert (got.status, got.body, got.headers["x-trace"]) == (201, b'{"a":1}', "t-1")


@pytest.mark.parametrize("step", [hang, trickle, endless], ids=["hangs", "trickles", "never ends"])
async def test_the_deadline_ends_the_exchange_whatever_the_vendor_does(step: Step) -> None:
    async with vendor(step) as crm, wire(crm.port, response_bytes=1 << 40) as client:
        started = time.monotonic()
        with pytest.raises(VendorTimeout):
            await client.send(read(crm.url), deadline=Deadline.after(0.3))
        assert 0.25 < time.monotonic() - started < PATIENCE_S, "the vendor would go on for ever"


async def test_an_abandoned_call_hangs_up_on_the_vendor() -> None:
    async with vendor(hang) as crm, wire(crm.port) as client:
        call = asyncio.create_task(client.send(read(crm.url), deadline=Deadline.after(30)))
        await crm.has_been_asked(1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await crm.left.wait()


@pytest.mark.parametrize(
    "step", [answer(b" " * (65 * KIB)), endless, bomb(500 * KIB)], ids=["announced", "in endless chunks", "unfolding from gzip"]
)
async def test_too_large_an_answer_is_cut_off(step: Step) -> None:
    async with vendor(step) as crm, wire(crm.port) as client:
        with pytest.raises(VendorBadAnswer) as caught:
            await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
    assert caught.value.code == "upstream_too_large"


async def test_a_gzip_bomb_does_not_fill_the_memory() -> None:
    async with vendor(bomb(200 * KIB * KIB)) as crm, wire(crm.port, response_bytes=KIB * KIB) as client:
        tracemalloc.start()
        with pytest.raises(VendorBadAnswer):
            await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 8 * KIB * KIB


async def test_gzip_is_unfolded() -> None:
    async with vendor(bomb(100)) as crm, wire(crm.port) as client:
        got = await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
    assert got.body == b" " * 100


async def test_a_half_answer_is_no_answer() -> None:
    async with vendor(break_off) as crm, wire(crm.port) as client:
        with pytest.raises(VendorBadAnswer) as caught:
            await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        assert (caught.value.code, len(crm.asked)) == ("upstream_truncated", 1)


@pytest.mark.parametrize("step", [reset, hang_up])
async def test_a_fresh_connection_that_breaks_is_not_tried_again(step: Step) -> None:
    async with vendor(step) as crm, wire(crm.port) as client:
        with pytest.raises(VendorUnavailable):
            await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        assert len(crm.asked) == 1


async def test_a_read_on_a_dead_kept_connection_is_sent_once_more() -> None:
    async with vendor(answer(), hang_up, answer(b"[]")) as crm, wire(crm.port) as client:
        await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        got = await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        assert got.body == b"[]"
        assert [asked.connection for asked in crm.asked] == [1, 1, 2]


async def test_a_read_is_not_sent_a_third_time() -> None:
    async with vendor(answer(), hang_up) as crm, wire(crm.port) as client:
        await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        with pytest.raises(VendorUnavailable):
            await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        assert len(crm.asked) == 3


async def test_vendors_that_close_after_each_answer_are_never_felt() -> None:
    async with vendor(then_close(answer())) as crm, wire(crm.port) as client:
        for _ in range(20):
            await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_write_is_never_repeated_and_its_fate_is_told_as_unknown(method: str) -> None:
    async with vendor(answer(), hang_up) as crm, wire(crm.port) as client:
        await client.send(write(crm.url, method), deadline=Deadline.after(PATIENCE_S))
        with pytest.raises(OutcomeUnknown):
            await client.send(write(crm.url, method), deadline=Deadline.after(PATIENCE_S))
        assert len(crm.asked) == 2


SENT_WITHIN_S = 1.5
"""A deadline before which even a busy machine has sent what a vendor then does not answer."""


async def test_a_write_that_times_out_may_have_happened() -> None:
    async with vendor(hang) as crm, wire(crm.port) as client:
        with pytest.raises(OutcomeUnknown):
            await client.send(write(crm.url), deadline=Deadline.after(SENT_WITHIN_S))


async def test_a_write_with_a_key_may_be_repeated_by_the_worker() -> None:
    async with vendor(hang) as crm, wire(crm.port) as client:
        keyed = write(crm.url)
        keyed.keyed = True
        with pytest.raises(VendorTimeout):
            await client.send(keyed, deadline=Deadline.after(0.2))


async def test_a_closed_port_is_told_as_unreachable_even_for_a_write() -> None:
    async with vendor(answer()) as crm:
        pass
    async with wire(crm.port) as client:
        with pytest.raises(VendorUnavailable) as caught:
            await client.send(write(crm.url), deadline=Deadline.after(PATIENCE_S))
    assert caught.value.code == "upstream_unreachable"


async def test_redirects_cookies_and_proxies_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    away = answer(b"", status=302, location="http://127.0.0.1:9/elsewhere", set_cookie="a=b")
    async with vendor(away, answer()) as crm, wire(crm.port) as client:
        got = await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        assert (got.status, len(crm.asked)) == (302, 1)
        await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        assert "cookie" not in crm.asked[1].headers


async def test_the_url_goes_out_byte_for_byte() -> None:
    written = "/a%2Fb/%E5%BC%A0?phone=%2B86%20138&page%5Bsize%5D=5&q=a%2Cb"
    async with vendor(answer()) as crm, wire(crm.port) as client:
        await client.send(Outgoing("GET", crm.url + written, read=True), deadline=Deadline.after(PATIENCE_S))
        assert crm.asked[0].line == f"GET {written} HTTP/1.1"


async def test_a_name_that_leads_home_is_refused_before_a_byte_is_sent() -> None:
    async with vendor(answer()) as crm, HttpWire(Egress(), connections=2, response_bytes=KIB) as client:
        for url in (f"http://127.0.0.1:{crm.port}", f"http://localhost:{crm.port}", f"http://[::1]:{crm.port}"):
            with pytest.raises(EgressForbidden):
                await client.send(read(url), deadline=Deadline.after(PATIENCE_S))
        assert crm.connections == 0


async def test_an_unknown_name_fails_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with HttpWire(Egress(), connections=2, response_bytes=KIB) as client:
        with pytest.raises(VendorUnavailable) as caught:
            await client.send(read("https://no-such-name.invalid"), deadline=Deadline.after(PATIENCE_S))
    assert caught.value.code == "upstream_dns"


async def test_a_second_call_reuses_the_connection() -> None:
    async with vendor(answer()) as crm, wire(crm.port) as client:
        for _ in range(5):
            await client.send(read(crm.url), deadline=Deadline.after(PATIENCE_S))
        assert crm.connections == 1
