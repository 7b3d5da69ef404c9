"""The one HTTP client. One per connection, kept open; every call to a vendor passes here.

What it holds to: the whole exchange ends by its deadline; the answer is cut off at a byte limit, counted after decompression; no
redirect, proxy, cookie or environment variable is followed; certificates are verified; only checked addresses are dialled; a
request is repeated once at most, and only a read whose kept connection turned out to be dead.
"""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator
from functools import cache
from typing import Final, Self

import aiohttp
import certifi
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from yarl import URL

from tieline.connectors.addresses import DIALLED, CheckedResolver, CheckedSockets, Dialled
from tieline.connectors.messages import Incoming, Outgoing
from tieline.domain.errors import OutcomeUnknown, VendorBadAnswer, VendorMisconfigured, VendorTimeout, VendorUnavailable
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress

CONNECT_TIMEOUT_S: Final = 1.0
KEEP_ALIVE_S: Final = 20.0
DNS_CACHE_S: Final = 60
CHUNK_BYTES: Final = 65_536
USER_AGENT: Final = "tieline"


class _ConnectionLost(Exception):
    """The connection broke after it stood. Not an aiohttp error, for those it answers by repeating the request, even a PUT."""


async def _send_once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as exc:
        raise _ConnectionLost from exc


class HttpWire:
    """A long-lived client for one connection; its pool is opened by the first call."""

    def __init__(self, egress: Egress, *, connections: int, response_bytes: int) -> None:
        self._egress = egress
        self._connections = connections
        self._response_bytes = response_bytes
        self._tls = _tls()
        self._resolver: CheckedResolver | None = None
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        self._resolver = CheckedResolver(self._egress)
        connector = aiohttp.TCPConnector(
            limit=self._connections,
            keepalive_timeout=KEEP_ALIVE_S,
            resolver=self._resolver,
            ttl_dns_cache=DNS_CACHE_S,
            ssl=self._tls,
            socket_factory=CheckedSockets(self._egress),
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            middlewares=(_send_once,),
        )

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:
        """Send, and read the whole answer.

        Raises: VendorTimeout, VendorUnavailable, VendorBadAnswer: nothing (usable) came back. EgressForbidden. OutcomeUnknown:
        a write may have arrived, but no answer did.
        """
        dialled = Dialled()
        token = DIALLED.set(dialled)
        try:
            async with asyncio.timeout_at(deadline.at_s):
                try:
                    return await self._exchange(outgoing)
                except _ConnectionLost:
                    if dialled.fresh or not outgoing.read:
                        raise
                return await self._exchange(outgoing)
        except TimeoutError as exc:
            raise _unanswered(outgoing, VendorTimeout("no whole answer within the time allowed")) from exc
        except _ConnectionLost as exc:
            raise _unanswered(outgoing, VendorUnavailable("the connection broke before an answer came")) from exc
        finally:
            DIALLED.reset(token)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
        if self._resolver is not None:
            await self._resolver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _exchange(self, outgoing: Outgoing) -> Incoming:
        if self._session is None:
            self._session = self._open()
        try:
            async with self._session.request(
                outgoing.method,
                URL(outgoing.url, encoded=True),
                headers=outgoing.headers,
                data=outgoing.body,
                allow_redirects=False,
            ) as response:
                body = await self._read(response, outgoing)
                return Incoming(response.status, _headers(response), body)
        except aiohttp.ClientConnectorDNSError as exc:
            raise VendorUnavailable("the name of the server is not known", code="upstream_dns") from exc
        except (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch) as exc:
            raise VendorMisconfigured("the server's certificate cannot be trusted", code="upstream_tls") from exc
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as exc:
            raise VendorUnavailable("the server cannot be reached", code="upstream_unreachable") from exc
        except (aiohttp.ClientError, zlib.error) as exc:
            raise _unanswered(outgoing, VendorBadAnswer("the answer is broken", code="upstream_truncated")) from exc

    async def _read(self, response: ClientResponse, outgoing: Outgoing) -> bytes:
        announced = response.content_length
        if announced is not None and announced <= self._response_bytes and "Content-Encoding" not in response.headers:
            return await response.read()
        body = bytearray()
        if announced is None or announced <= self._response_bytes:
            async for chunk in _decompressed(response, at_most=self._response_bytes + 1):
                body += chunk
                if len(body) > self._response_bytes:
                    break
            else:
                return bytes(body)
        response.close()
        raise _unanswered(outgoing, VendorBadAnswer("the answer is larger than this connection takes", code="upstream_too_large"))


def _headers(response: ClientResponse) -> dict[str, str]:
    """Names in lower case; a repeated header becomes one, its values joined by commas (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


async def _decompressed(response: ClientResponse, *, at_most: int) -> AsyncIterator[bytes]:
    """Yield the body in pieces none of which exceeds `at_most`, however far a few bytes would unfold."""
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding in {"identity", ""}:
        async for chunk in response.content.iter_any():
            yield chunk
        return
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise aiohttp.ClientPayloadError
    unfold = zlib.decompressobj(zlib.MAX_WBITS | 32)
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        yield unfold.decompress(chunk, at_most)
    if not unfold.eof:
        raise aiohttp.ClientPayloadError


def _unanswered(outgoing: Outgoing, error: Exception) -> Exception:
    """A read simply failed; a write may have happened."""
    if outgoing.read or outgoing.keyed:
        return error
    return OutcomeUnknown("the request was sent, but its answer did not arrive")


@cache
def _tls() -> ssl.SSLContext:
    """One context for all: loading the certificates takes tens of milliseconds, so it happens when a connection is made."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
