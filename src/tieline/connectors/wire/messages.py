"""What goes out and what comes back, before and after the wire. Neither ever shows its contents in `repr`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from tieline.kit.deadline import Deadline


@dataclass(slots=True)
class Outgoing:
    """One request, ready but for its credentials.

    `read`: it changes nothing and may be sent once more when a kept connection turns out dead. `keyed`: it is a write that
    carries our key, so that repeating it is harmless. `auth`: the scheme it is signed by; `credentials`: the tokens it was signed
    with, to name them when they are refused.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    read: bool = False
    keyed: bool = False
    auth: str = "auth"
    credentials: frozenset[str] = frozenset()

    def copy(self) -> "Outgoing":
        """Return one that can be signed and changed while this one stays as it is."""
        headers = dict(self.headers)
        return Outgoing(self.method, self.url, headers, self.body, self.read, self.keyed, self.auth, self.credentials)

    def __repr__(self) -> str:
        return f"<{self.method} to {urlsplit(self.url).hostname}>"


class Incoming(NamedTuple):
    """The raw answer; header names in lower case, the body decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<{self.status}, {len(self.body)} bytes>"


class Answer(NamedTuple):
    """The answer read: the roots that paths start from. `unreadable` says why the body could not be read."""

    status: int
    header: Mapping[str, str]
    content_type: str
    body: Any
    unreadable: str = ""

    def roots(self) -> dict[str, Any]:
        """Return what `status`, `header`, `content_type` and `body` stand for."""
        return {"status": self.status, "header": self.header, "content_type": self.content_type, "body": self.body}

    def __repr__(self) -> str:
        return f"<{self.status} {self.content_type}>"


class Wire(Protocol):
    """Carries one request to the vendor: the HTTP transport, or a recording."""

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:
        """Send and read the whole answer. Raises: ConnectorError."""

    async def aclose(self) -> None:
        """Close every connection."""
