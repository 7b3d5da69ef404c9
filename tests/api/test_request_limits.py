"""Whoever asks too often is told when to come back, and nobody else notices (S30, B77)."""

import pytest
from starlette.types import Message, Receive, Scope, Send

from tieline.api import request_limits
from tieline.api.request_limits import Allowance, Buckets, RequestLimits
from tieline.security.networks import networks


class Hands:
    """A clock set by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        return self.now


async def inside(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def ask(
    limits: RequestLimits, path: str = "/v1/calls", *, peer: str = "192.0.2.1", **headers: str
) -> tuple[int, str | None]:
    """Return the status and when to come back."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await limits({"type": "http", "method": "GET", "path": path, "headers": named, "client": (peer, 1)}, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found.get("retry-after")


def limits(hands: Hands, **allowance: int) -> RequestLimits:
    return RequestLimits(inside, Allowance(**allowance), proxies=networks(["10.0.0.0/8"]), monotonic=hands)


async def test_one_caller_gets_what_it_may_and_not_more_while_others_go_on() -> None:
    hands = Hands()
    guarded = limits(hands, per_second=10)
    statuses = [(await ask(guarded, authorization="Bearer a"))[0] for _ in range(30)]
    assert statuses == [204] * 20 + [429] * 10
    assert await ask(guarded, authorization="Bearer a") == (429, "1")
    assert await ask(guarded, authorization="Bearer b") == (204, None)
    assert await ask(guarded, cookie="tieline=a") == (204, None)
    hands.now += 60
    granted = 0
    for _ in range(1000):  # twenty-five a second, for forty seconds
        hands.now += 0.04
        granted += (await ask(guarded, authorization="Bearer a"))[0] == 204
    assert granted == pytest.approx(20 + 400, rel=0.05)


async def test_the_doors_count_by_address_whatever_is_shown_there() -> None:
    hands = Hands()
    guarded = limits(hands, sign_ins_per_minute=6)
    tries = [(await ask(guarded, "/desk/sign-in", cookie=f"tieline={number}"))[0] for number in range(10_000)]
    assert (tries[:6], set(tries[6:])) == ([204] * 6, {429})
    assert (await ask(guarded, "/desk/sign-in"))[1] == "10"
    assert (await ask(guarded, "/desk/sign-in/company/callback"))[0] == 429
    assert (await ask(guarded, "/desk/sign-in", peer="192.0.2.2"))[0] == 204
    assert (await ask(guarded, "/desk"))[0] == 204, "whoever is signed in goes on"


async def test_behind_our_proxy_it_is_the_address_it_tells_and_nobody_elses_word_counts() -> None:
    guarded = limits(Hands(), sign_ins_per_minute=1)
    for client in ("203.0.113.1", "203.0.113.2"):
        assert (await ask(guarded, "/desk/sign-in", peer="10.0.0.1", x_forwarded_for=client))[0] == 204
    assert (await ask(guarded, "/desk/sign-in", peer="192.0.2.1", x_forwarded_for="203.0.113.3"))[0] == 204
    assert (await ask(guarded, "/desk/sign-in", peer="192.0.2.1", x_forwarded_for="203.0.113.4"))[0] == 429


async def test_nothing_is_counted_where_nothing_is_limited() -> None:
    guarded = limits(Hands(), per_second=0, sign_ins_per_minute=0)
    assert {(await ask(guarded))[0] for _ in range(5000)} == {204}


def test_of_very_many_senders_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_limits, "MOST_SENDERS", 100)
    buckets = Buckets(per_s=1, burst=1, monotonic=Hands())
    for number in range(1000):
        assert buckets.take(str(number).encode()) == 0.0
    assert len(buckets._buckets) == 100
    assert buckets.take(b"999") == 1.0
