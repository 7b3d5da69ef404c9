"""A line to an exchange: dialled under the rules of the wire, read by a deadline, and never longer than it may be."""

import asyncio
import ssl
from typing import Final

from tieline.connectors.streams.stream import StreamLost
from tieline.connectors.wire.dialling import Dialler
from tieline.domain.errors import VendorMisconfigured
from tieline.security.egress import Egress, Target

LONGEST_LINE: Final = 32_768
ANSWER_WITHIN_S: Final = 5.0
"""For one answer. Asterisk lets a failed sign-in wait a second on purpose."""


def target_of(egress: Egress, host: str, port: str, *, tls: bool) -> Target:
    """Return where to dial. Plain TCP is judged as http is, TLS as https. Raises: EgressForbidden. VendorMisconfigured."""
    if not port.isdecimal() or int(port) not in range(1, 65_536):
        raise VendorMisconfigured("the port is not a port")
    return egress.check(f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}")


class Line:
    """Reads and writes whole lines and blocks. Every read ends by a deadline; the end of the line is StreamLost."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def dial(cls, target: Target, egress: Egress, *, tls: ssl.SSLContext) -> "Line":
        """Open a line. Raises: EgressForbidden, VendorUnavailable, VendorMisconfigured: as the wire does."""
        dialler = Dialler(egress, tls=tls)
        try:
            return cls(*await dialler.dial_stream(target, longest_line=LONGEST_LINE))
        finally:
            await dialler.aclose()

    async def read_line(self, *, within_s: float) -> str:
        """Return the next line without its end. Raises: StreamLost: hung up, silent for too long, or a line without end."""
        try:
            async with asyncio.timeout(within_s):
                line = await self._reader.readline()
        except TimeoutError as exc:
            raise StreamLost("the exchange fell silent", code="stream_silent") from exc
        except ValueError as exc:
            raise StreamLost("the exchange sent a line without end", code="stream_unreadable") from exc
        except OSError as exc:
            raise StreamLost from exc
        if not line.endswith(b"\n"):
            raise StreamLost
        return line.decode(errors="replace").rstrip("\r\n")

    async def read_exactly(self, length: int, *, within_s: float) -> bytes:
        """Return so many bytes. Raises: StreamLost."""
        try:
            async with asyncio.timeout(within_s):
                return await self._reader.readexactly(length)
        except TimeoutError as exc:
            raise StreamLost("the exchange fell silent", code="stream_silent") from exc
        except (asyncio.IncompleteReadError, OSError) as exc:
            raise StreamLost from exc

    async def write(self, text: str) -> None:
        """Send. Raises: StreamLost: it cannot be sent in time."""
        try:
            self._writer.write(text.encode())
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._writer.drain()
        except (OSError, TimeoutError) as exc:
            raise StreamLost from exc

    def hang_up(self) -> None:
        """Close at once, without a word."""
        self._writer.transport.abort()
