"""A wire that carries nothing: it holds what is sent against a recording, and answers with what was recorded."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tieline.connectors.language.writing import json_bytes
from tieline.connectors.recordings.example import Exchange, RecordedRequest, RecordedResponse
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.kit.deadline import Deadline


class Difference(NamedTuple):
    """One part of a request that is not as recorded; `part` is its key in the recording, empty for the whole."""

    part: str
    text: str


class RecordingMismatch(Exception):
    """What was sent is not what was recorded. `exchange` counts from 0."""

    def __init__(self, exchange: int, differences: Sequence[Difference]) -> None:
        super().__init__("; ".join(difference.text for difference in differences))
        self.exchange = exchange
        self.differences = tuple(differences)


class RecordedWire:
    """Plays the exchanges of an example in order. With `strict` off it answers whatever is sent."""

    def __init__(self, exchanges: Sequence[Exchange], *, strict: bool = True) -> None:
        self._exchanges = exchanges
        self._strict = strict
        self.sent = 0

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:  # noqa: ARG002 - a recording is never late
        """Return the next recorded answer. Raises: RecordingMismatch: the request differs, or there is none left."""
        if self.sent >= len(self._exchanges):
            surplus = Difference("", f"one more request is sent than recorded: {outgoing.method} {outgoing.url}")
            raise RecordingMismatch(len(self._exchanges) - 1, [surplus])
        exchange = self._exchanges[self.sent]
        differences = list(_differences(outgoing, exchange.request)) if self._strict else []
        if differences:
            raise RecordingMismatch(self.sent, differences)
        self.sent += 1
        return _incoming(exchange.response)

    async def aclose(self) -> None:
        """Nothing to close."""

    @property
    def unsent(self) -> int:
        """How many recorded requests were never sent."""
        return len(self._exchanges) - self.sent


def _differences(outgoing: Outgoing, recorded: RecordedRequest) -> Iterator[Difference]:
    body = (outgoing.body or b"").decode()
    headers = {name.lower(): value for name, value in recorded.headers.items()}
    for name, sent, expected in (
        ("method", outgoing.method, recorded.method),
        ("url", outgoing.url, recorded.url),
        ("body", body, recorded.body),
    ):
        if sent != expected:
            yield Difference(name, f"the {name} sent is {sent!r}, the recording says {expected!r}")
    for name in sorted(outgoing.headers.keys() | headers.keys()):
        sent_value, recorded_value = outgoing.headers.get(name), headers.get(name)
        if sent_value != recorded_value:
            yield Difference("headers", f"the header {name} sent is {sent_value!r}, the recording says {recorded_value!r}")


def _incoming(response: RecordedResponse) -> Incoming:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.json_ is None:
        return Incoming(response.status, headers, (response.body or "").encode())
    return Incoming(response.status, {"content-type": "application/json", **headers}, json_bytes(response.json_))
