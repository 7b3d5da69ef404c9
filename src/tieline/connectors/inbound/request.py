"""What arrived, raw, and what is made of it: the values that pass between the door, the durable inbox and the worker."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Refusal = Literal[
    "signature_missing",
    "signature_invalid",
    "timestamp_stale",
    "timestamp_invalid",
    "method_not_allowed",
    "unsupported_media_type",
    "body_malformed",
    "xml_dtd_forbidden",
    "xml_limits",
    "xml_schema",
    "id_invalid",
]
IntakeKind = Literal["call", "event"]


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """One request as it came. Header names in lower case; `query`: the query string as written, without the question mark.

    `path_tail`: what follows the connection's name in the URL. `url`: the whole address as the sender called it, for those who
    sign it. `peer`: the sender's IP address.
    """

    method: str
    headers: Mapping[str, str] = field(repr=False)
    query: str = field(repr=False)
    content_type: str
    body: bytes = field(repr=False)
    path_tail: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    peer: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """The whole address if it is known, else as much of it as there is."""
        return self.url or f"?{self.query}"

    def digest(self) -> str:
        """Return what only the same content has in common: SHA-256 of query and body, in hex."""
        return hashlib.sha256(b"\x00".join((self.method.encode(), self.query.encode(), self.body))).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sender is told."""

    status: int
    content_type: str = "application/json"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Admission:
    """What the door decides, before anything is stored.

    `refused`: the reply is an error and nothing may be kept. `challenge`: the reply is the whole answer, there is nothing to
    keep. Otherwise `kept` is the request to store (what proves the sender is taken out of it), and the reply is due once it is
    stored. `dedupe_key` is the same for a repetition of the request; None: keep every one, because two that read the same may
    mean two things.
    """

    reply: Reply
    refused: Refusal | None = None
    challenge: bool = False
    kept: InboundRequest | None = None
    dedupe_key: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a request means. `events` have the keys of `domain.event.Event`, or of `CallEvent` (`at` None: no time was named).

    `faults`: what is authentic but of no use, and why, one text each, without a value of the sender's. `skipped`: how many
    events the manifest knows and wants nothing of.
    """

    events: tuple[dict[str, Any], ...] = ()
    faults: tuple[str, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Inbound:
    """Admission and reading in one, for calls, which are read at once.

    `refused`: nothing may be accepted, and why. `ignored`: authentic, but (in part) nothing we know, and why. `kept`: the
    request to store.
    """

    events: tuple[dict[str, Any], ...]
    reply: Reply
    refused: Refusal | None = None
    ignored: str = ""
    challenge: bool = False
    kept: InboundRequest | None = None
