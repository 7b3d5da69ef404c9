"""Rows of the bad-input book that are more than one request, through the front and two replicas."""

import asyncio
import json
import uuid
from typing import Any, Final

import httpx
import pytest
from tests.api.bad_input import EVENTS, POP, Bad, event
from tests.api.test_wire import AMBIGUOUS, say
from tests.flows.door import patiently
from tests.front.before_two import TwoReplicas

PATIENCE_S: Final = 30.0
"""For a busy machine; every one of these conversations ends by itself."""
HEALTH: Final = frozenset({"/healthz", "/readyz"})
SENTINEL: Final = "/v1/reports/{report}"
"""A route that nothing else here asks for."""


@pytest.fixture
def proxied(front: TwoReplicas) -> TwoReplicas:
    """Skips, loudly, where there is no haproxy."""
    if not front.proxied:
        pytest.skip("THE FRONT WAS NOT TRIED: THERE IS NO haproxy ON THIS MACHINE")
    return front


def port_of(front: TwoReplicas) -> int:
    return httpx.URL(front.base_url).port or 0


def post(front: TwoReplicas, *lines: str, body: bytes = b"") -> bytes:
    head = [f"POST {EVENTS} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *lines]
    head += [f"{name}: {value}" for name, value in front.as_machine.items()]
    return "\r\n".join([*head, "", ""]).encode() + body


async def test_b24_whoever_is_still_sending_too_much_gets_the_answer(proxied: TwoReplicas) -> None:
    """And not a reset: somebody reads to the end what is refused."""
    larger = Bad("B24", 413, "body_too_large", EVENTS, content=b" " * 4 * 1_048_576)
    answers = await asyncio.gather(*(proxied.send(larger) for _ in range(12)))
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(413, "body_too_large")}


async def test_b25_chunks_through_the_front_are_counted(proxied: TwoReplicas) -> None:
    """The front cannot count what comes without a length; the application does, and ends it at the first byte too many."""
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    head, body = await first_answer(port_of(proxied), post(proxied, "Transfer-Encoding: chunked") + chunk * 18)
    assert (head.split()[1], json.loads(body)["code"]) == (b"413", "body_too_large")
    short = await say(
        port_of(proxied), post(proxied, "Content-Length: 5000", body=event()), half_close=True, patience_s=PATIENCE_S
    )
    assert short.raw == b"" or short.status == 400


async def first_answer(port: int, sent: bytes) -> tuple[bytes, bytes]:
    """Send, and return head and body of the answer, whether or not the line stays open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            return head, await reader.readexactly(int(length.partition(b":")[2]))
    finally:
        writer.close()


async def test_b26_b27_what_the_front_cannot_hold_it_refuses(proxied: TwoReplicas) -> None:
    huge = "canary7391" * 7_000
    head, address = await asyncio.gather(
        say(port_of(proxied), f"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {huge}\r\n\r\n".encode(), patience_s=PATIENCE_S),
        say(port_of(proxied), f"GET /{huge} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), patience_s=PATIENCE_S),
    )
    assert [(answer.status, answer.answers, b"canary" in answer.raw) for answer in (head, address)] == [(400, 1, False)] * 2


async def test_b29_nothing_is_smuggled_past_the_front(proxied: TwoReplicas) -> None:
    """What reaches an application is what the sender gets an answer to: front and application agree where a message ends."""
    before = [reached(front) for front in logged(proxied)]
    sent = [
        words.replace(b"/events", EVENTS.encode()).replace(b"Host: x\r", b"Host: localhost\r") for words in AMBIGUOUS.values()
    ]
    answers = await asyncio.gather(*(say(port_of(proxied), words, half_close=True, patience_s=PATIENCE_S) for words in sent))
    await both_are_done(proxied)
    after = [reached(front) for front in logged(proxied)]
    from_application = sum(answer.raw.lower().count(b"\r\nx-request-id: ") for answer in answers)
    assert sum(after) - sum(before) == from_application
    spoken = [answer for answer in answers if answer.raw.startswith(b"HTTP/1")]  # A preface of HTTP/2 is answered in HTTP/2.
    assert {answer.status // 100 for answer in spoken} == {4}
    assert len(spoken) >= len(sent) - 1


def logged(front: TwoReplicas) -> list[list[dict[str, Any]]]:
    return [
        [json.loads(line) for line in replica.log.read_text().splitlines() if line.startswith('{"') and line.endswith("}")]
        for replica in front.replicas
    ]


def reached(lines: list[dict[str, Any]]) -> int:
    return sum(line["event"] == "request.answered" and line["route"] not in {*HEALTH, SENTINEL} for line in lines)


async def both_are_done(front: TwoReplicas) -> None:
    """Ask each replica for something else, and wait until it has written down that it answered."""
    asked = Bad("sentinel", 404, "", "/v1/reports/nothing", "GET")
    seen = [sum(line.get("route") == SENTINEL for line in lines) for lines in logged(front)]
    for replica in front.replicas:
        await front.send(asked, to=replica.url)
    async for _ in patiently("a replica never wrote down what it was asked last", within_s=PATIENCE_S):
        now = [sum(line.get("route") == SENTINEL for line in lines) for lines in logged(front)]
        if [count - 1 for count in now] == seen:
            return


async def test_b42_a_key_used_at_one_replica_is_known_to_the_other(front: TwoReplicas) -> None:
    one, other = (replica.url for replica in front.replicas)
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = await front.send(Bad("B42", 201, "", "/v1/tickets", content=b'{"subject": "one"}', headers=key), to=one)
    again = await front.send(Bad("B42", 201, "", "/v1/tickets", content=b'{"subject": "one"}', headers=key), to=other)
    changed = await front.send(Bad("B42", 422, "", "/v1/tickets", content=b'{"subject": "two"}', headers=key), to=other)
    assert (first.status_code, again.status_code, again.json()["id"]) == (201, 201, first.json()["id"])
    assert (changed.status_code, changed.json()["code"]) == (422, "idempotency_key_reused")


async def test_b67_a_code_opens_once_whichever_replica_is_asked(front: TwoReplicas) -> None:
    one, other = (replica.url for replica in front.replicas)
    page = Bad("B67", 303, "", f"{POP}?phone=13922220099&agent=1001", "GET", headers={"Accept": "text/html"})
    path, _, code = (await front.send(page)).headers["location"].partition("?code=")
    opening = f"/v1/pops/{path.rpartition('/')[2]}/open"
    answers = [
        await front.send(Bad("B67", 0, "", opening, content=json.dumps({"code": given}).encode()), to=where, signed={})
        for given, where in ((code, one), (code, other), (code, one), ("another", other))
    ]
    assert [answer.status_code for answer in answers] == [200, 410, 410, 404]
    assert [answer.json()["code"] for answer in answers[1:]] == ["pop_code_gone", "pop_code_gone", "not_found"]
