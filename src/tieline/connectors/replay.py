"""A wire that carries nothing: it holds what is sent against a recording, and answers with what was recorded."""

from collections.abc import Iterator, Sequence

from tieline.connectors.example import Exchange, RecordedRequest, RecordedResponse
from tieline.connectors.messages import Incoming, Outgoing
from tieline.connectors.templates import json_bytes
from tieline.kit.deadline import Deadline


class RecordingMismatch(Exception):
    """What was sent is not what was recorded. `exchange` counts from 0."""

    def __init__(self, exchange: int, text: str) -> None:
        super().__init__(text)
        self.exchange = exchange
        self.text = text


class RecordedWire:
    """Plays the exchanges of an example in order. With `strict` off it answers whatever is sent."""

    def __init__(self, exchanges: Sequence[Exchange], *, strict: bool = True) -> None:
        self._exchanges = exchanges
        self._strict = strict
        self.sent = 0

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:  # noqa: ARG002 - a recording is never late
        """Return the next recorded answer. Raises: RecordingMismatch: the request differs, or there is none left."""
        if self.sent >= len(self._exchanges):
            raise RecordingMismatch(len(self._exchanges) - 1, f"one more request is sent than recorded: {shown(outgoing)}")
        exchange = self._exchanges[self.sent]
        differences = list(_differences(outgoing, exchange.request)) if self._strict else []
        if differences:
            raise RecordingMismatch(self.sent, "; ".join(differences))
        self.sent += 1
        return _incoming(exchange.response)

    async def aclose(self) -> None:
        """Nothing to close."""

    @property
    def unsent(self) -> int:
        """How many recorded requests were never sent."""
        return len(self._exchanges) - self.sent


def shown(outgoing: Outgoing) -> str:
    """Write a request as an example would hold it. Shows everything: for recordings with made-up secrets only."""
    return f"{outgoing.method} {outgoing.url}"


def _differences(outgoing: Outgoing, recorded: RecordedRequest) -> Iterator[str]:
    body = (outgoing.body or b"").decode()
    headers = {name.lower(): value for name, value in recorded.headers.items()}
    for name, sent, expected in (
        ("method", outgoing.method, recorded.method),
        ("url", outgoing.url, recorded.url),
        ("body", body, recorded.body),
    ):
        if sent != expected:
            yield f"the {name} sent is {sent!r}, the recording says {expected!r}"
    for name in sorted(outgoing.headers.keys() | headers.keys()):
        if outgoing.headers.get(name) != headers.get(name):
            yield f"the header {name} sent is {outgoing.headers.get(name)!r}, the recording says {headers.get(name)!r}"


def _incoming(response: RecordedResponse) -> Incoming:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.json_ is None:
        return Incoming(response.status, headers, (response.body or "").encode())
    return Incoming(response.status, {"content-type": "application/json", **headers}, json_bytes(response.json_))
