"""A load generator that costs little: keep-alive connections, one request in flight on each, a new caller every time."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import quantiles
from typing import cast


@dataclass(frozen=True, slots=True)
class Load:
    """What one run saw. Latencies in milliseconds; `failed` counts answers that were not 200."""

    requests: int
    failed: int
    seconds: float
    latencies_ms: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """Return requests per second."""
        return self.requests / self.seconds

    def percentile(self, percent: int) -> float:
        """Return the latency below which `percent` of the answers lie."""
        return quantiles(self.latencies_ms, n=100, method="inclusive")[percent - 1]


class Caller(asyncio.Protocol):
    """One kept connection."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to write."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take the answer in, and tell its status once it is whole."""
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank or not _whole(head, body):
            return
        self._received = b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits for an answer."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())

    async def ask(self, request: bytes) -> int:
        """Send one request and return its status."""
        self._answer = asyncio.get_running_loop().create_future()
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError
        self.transport.write(request)
        return await self._answer


def _whole(head: bytes, body: bytes) -> bool:
    lowered = head.lower()
    mark = lowered.find(b"content-length:")
    if mark < 0:
        return body.endswith(b"0\r\n\r\n")
    return len(body) >= int(lowered[mark + 15 :].split(b"\r\n", 1)[0])


async def drive(
    port: int, path_of: Callable[[int], str], *, callers: int, seconds: float, headers: Mapping[str, str] | None = None
) -> Load:
    """Keep `callers` requests in flight for `seconds`; `path_of(n)` names the n-th request's path."""
    latencies: list[float] = []
    failed = 0
    numbers = iter(range(10**9))
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    until = time.perf_counter() + seconds

    async def one_caller() -> None:
        nonlocal failed
        _, caller = await asyncio.get_running_loop().create_connection(Caller, "127.0.0.1", port)
        while time.perf_counter() < until:
            request = f"GET {path_of(next(numbers))} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n{lines}\r\n"
            started = time.perf_counter()
            status = await caller.ask(request.encode())
            latencies.append((time.perf_counter() - started) * 1000)
            failed += status != 200
        if caller.transport is not None:
            caller.transport.close()

    started = time.perf_counter()
    await asyncio.gather(*(one_caller() for _ in range(callers)))
    return Load(len(latencies), failed, time.perf_counter() - started, tuple(latencies))
