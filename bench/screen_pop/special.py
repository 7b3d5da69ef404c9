"""An upstream that takes its time, for the special cases: what we add to the slowest, everybody hanging, one to eight."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import orjson

from screen_pop import upstreams


@asynccontextmanager
async def slow_upstream(port: int, delay_s: float | None) -> AsyncIterator[None]:
    """Answer every path as the static upstream does, after `delay_s`; None: accept and never answer."""
    bodies = {
        upstreams.CRM: orjson.dumps(upstreams.customer_record()),
        upstreams.TICKETS: orjson.dumps(upstreams.ticket_records()),
    }
    orders = orjson.dumps(upstreams.order_records())

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if delay_s is None:
                    await asyncio.Event().wait()
                await asyncio.sleep(delay_s or 0)
                name, _, query = head.split(b" ", 2)[1].decode().lstrip("/").partition("?")
                digits = query.partition("phone=")[2].partition("&")[0]
                body = bodies.get(name, orders).replace(b"$arg_phone", digits.encode())
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
                )
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", port, backlog=1024)
    try:
        yield
    finally:
        server.close()
