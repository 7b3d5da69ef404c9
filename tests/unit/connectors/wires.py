"""A wire without a network: answers by a function, and remembers what was sent."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.connectors.sample import connector

from tieline.connectors.connection import VendorConnection, assemble
from tieline.connectors.language.writing import json_bytes
from tieline.connectors.manifest.configuration import settle
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.phone import PhoneNumber
from tieline.kit.deadline import Deadline

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CALLER = PhoneNumber(raw="+8613800138000", e164="+8613800138000", national="13800138000", country="CN")
Answering = Callable[[Outgoing], Incoming]


def json_answer(tree: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Incoming:
    return Incoming(status, {"content-type": "application/json", **(headers or {})}, json_bytes(tree))


class FakeWire:
    """Answers each request by `answering`."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self.sent: list[Outgoing] = []
        self.closed = False

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:  # noqa: ARG002 - it is never late
        self.sent.append(Outgoing(outgoing.method, outgoing.url, dict(outgoing.headers), outgoing.body))
        return self._answering(outgoing)

    async def aclose(self) -> None:
        self.closed = True


def connect(folder: Path, answering: Answering, **parts: object) -> tuple[VendorConnection, FakeWire]:
    """A connection of a made-up connector over a fake wire."""
    wire = FakeWire(answering)
    made_up = connector(folder, **parts)
    known = {"base_url": "https://x.example"}
    config = {name: value for name, value in known.items() if name in made_up.manifest.config}
    secrets = dict.fromkeys(made_up.manifest.secrets, "s3cr3t-token")
    settled = settle(made_up.manifest, config, secrets)
    return assemble("crm", made_up, settled, wire=wire, clock=lambda: NOW), wire
