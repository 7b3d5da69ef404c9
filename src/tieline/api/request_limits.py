"""How often one sender may ask: so much for whoever signs in with the same credentials, little at the doors where people sign in.

Counted in this process's memory, by token buckets; a front proxy counts for all replicas (deploy/). Beyond it, a 429 says
when to come back. Behaviour S30, B77.
"""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from tieline.api.problems import refusal, render
from tieline.domain.errors import RateLimited
from tieline.observability.metrics import SECURITY_EVENTS
from tieline.security.networks import Networks, address_of

MOST_SENDERS: Final = 20_000
BURST_S: Final = 2.0
"""A caller may ask in one go what it may ask in so many seconds."""
SIGN_IN_DOORS: Final = "/desk/sign-in"


@dataclass(frozen=True, slots=True)
class Allowance:
    """`per_second` for everything that shows the same credentials; `sign_ins_per_minute` for one address at the doors. 0: any."""

    per_second: int = 2000
    sign_ins_per_minute: int = 300


class Bucket(NamedTuple):
    """What is left for one sender, and when that was counted."""

    tokens: float
    at_s: float


class Buckets:
    """Token buckets by sender; the one asked for longest ago is forgotten first, when there are too many."""

    def __init__(self, *, per_s: float, burst: float, monotonic: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = max(burst, 1.0)
        self._monotonic = monotonic
        self._buckets: OrderedDict[bytes, Bucket] = OrderedDict()

    def take(self, sender: bytes) -> float:
        """Take a token and return 0; if there is none, the seconds until there is."""
        if not self._per_s:
            return 0.0
        now = self._monotonic()
        last = self._buckets.pop(sender, Bucket(self._burst, now))
        tokens = min(self._burst, last.tokens + (now - last.at_s) * self._per_s)
        granted = tokens >= 1
        self._buckets[sender] = Bucket(tokens - granted, now)
        if len(self._buckets) > MOST_SENDERS:
            self._buckets.popitem(last=False)
        return 0.0 if granted else (1 - tokens) / self._per_s


class RequestLimits:
    """Turns away who asks too often; pure ASGI."""

    def __init__(self, app: ASGIApp, allowance: Allowance, *, proxies: Networks, monotonic: Callable[[], float]) -> None:
        self._app = app
        self._proxies = proxies
        self._callers = Buckets(per_s=allowance.per_second, burst=allowance.per_second * BURST_S, monotonic=monotonic)
        self._doors = Buckets(per_s=allowance.sign_ins_per_minute / 60, burst=allowance.sign_ins_per_minute, monotonic=monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or say when to come back."""
        wait_s = self._wait_s(scope) if scope["type"] == "http" else 0.0
        if wait_s:
            SECURITY_EVENTS.labels("rate_limited").inc()
            await render(scope, refusal(RateLimited(retry_after_s=math.ceil(wait_s))))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _wait_s(self, scope: Scope) -> float:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if scope["path"].startswith(SIGN_IN_DOORS):
            return self._doors.take(self._address(scope, headers))
        shown = next((value for name, value in headers if name in {b"authorization", b"cookie"}), None)
        return self._callers.take(hashlib.blake2b(shown).digest() if shown else self._address(scope, headers))

    def _address(self, scope: Scope, headers: list[tuple[bytes, bytes]]) -> bytes:
        peer = scope["client"][0] if scope.get("client") else ""
        told = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
        return address_of(peer, told, self._proxies).encode()
