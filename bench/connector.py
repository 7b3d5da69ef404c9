"""What one declared call costs us, beside the same call written by hand, and how much of it is not the transport.

    python bench/connector.py [calls]

A static server in a process of its own answers with three records. Compared, interleaved in one run, per call: our
`VendorConnection.run` (limits, breaker, deadline, outcome table, records), raw aiohttp, and httpx as it is usually used. Prints
CPU microseconds and ratios; the goal is at most 200 µs for ours on a quiet machine. Under uvloop, as the server runs.
"""

import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import aiohttp
import httpx
import orjson
import uvloop
from yarl import URL

from tieline.connectors.connection import VendorConnection, open_connection
from tieline.connectors.registry import Catalog
from tieline.connectors.wire.messages import Outgoing
from tieline.connectors.wire.transport import HttpWire
from tieline.domain.phone import PhoneNumber
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.mapping.book import compile_book
from tieline.mapping.source import RowSource
from tieline.security.egress import Egress

CALLER = PhoneNumber(raw="+8613800138000", e164="+8613800138000", national="13800138000", country="CN")
ROUNDS = 10
WARM_UP = 200
RECORD = {"id": "10001", "name": "张伟", "phone": "+8613800138000", "level": "gold", "city": "Shanghai", "orders": 12}
BODY = orjson.dumps({"code": 0, "results": [RECORD] * 3})
OVERHEAD_US = 250
"""What engine and mapping may add to the transport, a call, with three records of six fields: the house's own promise."""
MAPPING = {
    "customer": {
        "rows": {
            "name": {"from": "name"},
            "phones": {"from": "phone"},
            "tier": {"from": "level", "values": {"gold": "high_value", "*": "regular"}},
            "city": {"from": "city"},
            "order_count": {"from": "orders", "as": "int"},
        }
    }
}
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
MANIFEST = """
schema: 1
id: measured
name: Measured
category: crm
config:
  base_url: {title: Base URL, type: url}
  token: {title: Token, secret: true}
auth: {kind: bearer, token: $config.token}
limits: {per_second: 10000, burst: 10000, concurrency: 100}
operations:
  customer.find:
    request: {path: /contacts/search, query: {phone: $in.phone.e164}}
    records: body.results
outcomes:
  - {when: {status: 2xx, body.code: {not: "0"}}, is: permanent}
  - {when: {status: 422, body.code: duplicate}, is: duplicate}
"""
Call = Callable[[], Awaitable[object]]


class StaticServer(asyncio.Protocol):
    """Answers every request with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer as many requests as ended in what arrived."""
        self.transport.write(RESPONSE * data.count(b"\r\n\r\n"))  # type: ignore[attr-defined]  # it is a WriteTransport


def serve(ports: "multiprocessing.SimpleQueue[int]") -> None:
    """Run the server until the process is ended."""

    async def listen() -> None:
        server = await asyncio.get_running_loop().create_server(StaticServer, "127.0.0.1", 0)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(listen())


def connect(port: int) -> VendorConnection:
    """Open the measured connector."""
    folder = Path(tempfile.mkdtemp()) / "measured"
    folder.mkdir()
    (folder / "connector.yaml").write_text(MANIFEST)
    return open_connection(
        "measured",
        Catalog([]).find(str(folder)),
        config={"base_url": f"http://127.0.0.1:{port}"},
        secrets={"token": "made-up-token"},
        clock=utc_now,
        egress=Egress.parse(f"127.0.0.1=127.0.0.1/32:{port}"),
    )


async def measure(calls: dict[str, Call], times: int) -> dict[str, float]:
    """Return CPU microseconds per call: the median over rounds in which all take turns."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(WARM_UP):
            await call()
    for _ in range(ROUNDS):
        for name, call in calls.items():
            started = time.process_time()
            for _ in range(times // ROUNDS):
                await call()
            spent[name].append((time.process_time() - started) / (times // ROUNDS) * 1e6)
    return {name: median(values) for name, values in spent.items()}


async def run(port: int, times: int) -> None:
    """Measure and print."""
    url = URL(f"http://127.0.0.1:{port}/contacts/search?phone=%2B8613800138000", encoded=True)
    headers = {"authorization": "Bearer made-up-token", "accept": "application/json"}
    connection = connect(port)
    egress = Egress.parse(f"127.0.0.1=127.0.0.1/32:{port}")
    wire = HttpWire(egress, connections=100, response_bytes=1_000_000)
    mapping = compile_book(MAPPING, source=RowSource("bench"))["customer"]
    async with aiohttp.ClientSession(auto_decompress=False) as session, httpx.AsyncClient(trust_env=False) as client:

        async def ours() -> object:
            return await connection.run("customer.find", deadline=Deadline.after(2), phone=CALLER)

        async def ours_and_mapped() -> object:
            result = await connection.run("customer.find", deadline=Deadline.after(2), phone=CALLER)
            return [mapping.read(record) for record in result.records]

        async def transport() -> object:
            asked = Outgoing("GET", str(url), dict(headers), read=True)
            return await wire.send(asked, deadline=Deadline.after(2))

        async def raw_aiohttp() -> object:
            async with session.get(url, headers=headers) as response:
                return orjson.loads(await response.read())

        async def plain_httpx() -> object:
            response = await client.get(str(url), headers=headers)
            return response.json()

        calls: dict[str, Call] = {
            "VendorConnection.run": ours,
            "run and mapping": ours_and_mapped,
            "our transport alone": transport,
            "raw aiohttp": raw_aiohttp,
            "httpx.AsyncClient": plain_httpx,
        }
        spent = await measure(calls, times)
    await connection.aclose()
    await wire.aclose()
    for name, microseconds in spent.items():
        ratio = spent["VendorConnection.run"] / microseconds
        print(f"{name:<22}{microseconds:8.0f} µs CPU per call   ours costs {ratio:4.2f} of it")
    above = spent["run and mapping"] - spent["our transport alone"]
    print(f"engine and mapping add {above:.0f} µs to the transport (asked for: at most {OVERHEAD_US})")


def main() -> None:
    """Start the server, measure, stop it."""
    ports: multiprocessing.SimpleQueue[int] = multiprocessing.get_context("spawn").SimpleQueue()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(ports,), daemon=True)
    server.start()
    try:
        uvloop.run(run(ports.get(), int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
