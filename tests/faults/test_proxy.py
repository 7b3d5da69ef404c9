"""The fault proxy does what its rules say, or the tests that stand on it would prove nothing."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.faults import proxy as faults
from tests.faults.proxy import Proxy, proxy
from tests.faults.vendor import Vendor, answer, vendor

BODY = b'{"made": "0123456789"}'


@pytest.fixture
async def system() -> AsyncIterator[Vendor]:
    async with vendor(answer(BODY)) as running:
        yield running


@pytest.fixture
async def between(system: Vendor) -> AsyncIterator[Proxy]:
    async with proxy(system.port) as running:
        yield running


async def post(between: Proxy, *, within_s: float = 2.0) -> httpx.Response:
    async with httpx.AsyncClient(timeout=within_s, trust_env=False) as client:
        return await client.post(f"{between.url}/things", content=b"x" * 5000)


async def test_what_passes_is_the_same_and_is_counted(between: Proxy, system: Vendor) -> None:
    reply = await post(between)
    assert (reply.status_code, reply.content, system.asked[0].body) == (200, BODY, b"x" * 5000)
    assert [(one.line, one.forwarded) for one in between.passed] == [("POST /things HTTP/1.1", 1)]
    assert between.passed[0].sent > len(BODY)


@pytest.mark.parametrize(
    ("rule", "arrives"),
    [
        (faults.deliver_then_drop, 1),
        (faults.drop_before, 0),
        (faults.hang, 0),
        (faults.truncate, 1),
        (faults.lie_on_length, 1),
    ],
)
async def test_the_answer_is_lost_and_the_system_did_it_or_did_not(
    between: Proxy, system: Vendor, rule: faults.Rule, arrives: int
) -> None:
    between.rule = rule
    with pytest.raises(httpx.HTTPError):
        await post(between, within_s=0.5)
    assert len(system.asked) == arrives


async def test_the_network_repeats(between: Proxy, system: Vendor) -> None:
    between.rule = faults.twice
    assert (await post(between)).status_code == 200
    assert len(system.asked) == 2


@pytest.mark.parametrize("hint", ["7", "Wed, 21 Oct 2099 07:28:00 GMT", "soon", "315360000", None])
async def test_somebody_on_the_way_answers(between: Proxy, system: Vendor, hint: str | None) -> None:
    between.rules = [faults.throttled(hint), faults.login_page()]
    throttled, page = await post(between), await post(between)
    assert (throttled.status_code, throttled.headers.get("retry-after")) == (429, hint)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html")
    assert (await post(between)).content == BODY
    assert len(system.asked) == 1


async def test_an_answer_comes_late(between: Proxy) -> None:
    between.rule = faults.late(0.2)
    started = asyncio.get_running_loop().time()
    assert (await post(between)).content == BODY
    assert asyncio.get_running_loop().time() - started >= 0.2
