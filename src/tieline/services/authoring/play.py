"""Play an example whose answers are known: what the connector sends and what comes of it is written into the example."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tieline.connectors.answers.outcome import ERRORS
from tieline.connectors.connection import VendorConnection
from tieline.connectors.contract import CAPABILITIES, Result
from tieline.connectors.recordings.example import Exchange, OperationExample, RecordedRequest
from tieline.connectors.recordings.replay import RecordedWire, RecordingMismatch
from tieline.connectors.recordings.tap import Carried, TappedWire
from tieline.connectors.registry import Connector
from tieline.domain.errors import ConfigRefused, ConnectorError
from tieline.kit.deadline import Deadline
from tieline.mapping.record import RecordMapping
from tieline.services.connector_examples import PATIENCE_S, connect, inputs_of, mapped_of

STAND_IN: Final = RecordedRequest(method="GET", url="-")
"""A request that is not known yet."""


class Unplayable(ConfigRefused):
    """More is asked than the example has answers for."""

    code = "example_unplayable"
    title = "The example has too few answers"


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what was carried and how it ended."""

    carried: Sequence[Carried]
    result: Result | None
    failure: ConnectorError | None
    secrets: Sequence[str] = field(default=(), repr=False)

    @property
    def ending(self) -> dict[str, Any]:
        """How an example tells it."""
        if self.failure is None:
            return {"outcome": self.result.outcome} if self.result else {}
        outcome = next((name for name, error in ERRORS.items() if type(self.failure) is error), None)
        wait_s = self.failure.retry_after_s
        told = {"outcome": outcome} if outcome else {"error": self.failure.code}
        return told if wait_s is None else {**told, "wait_s": wait_s}

    @property
    def shape(self) -> tuple[object, ...]:
        """What must be the same whoever the people are: how it ended, and how much it brought."""
        ending = {key: value for key, value in self.ending.items() if key != "wait_s"}
        return (ending, len(self.result.records) if self.result else 0, len(self.carried))


async def run(connection: VendorConnection, tap: TappedWire, operation: str, inputs: Mapping[str, Any]) -> Run:
    """Run an operation over a tapped wire; a failure is part of it.

    Raises: ConnectorError: nothing came back at all. Unplayable: the wire is a recording that ended too early.
    """
    try:
        result = await connection.run(operation, deadline=Deadline.after(PATIENCE_S), **inputs)
    except ConnectorError as exc:
        if not tap.carried:
            raise
        return Run(tuple(tap.carried), None, exc, connection.secrets())
    except RecordingMismatch as exc:
        raise Unplayable(str(exc.differences[0].text)) from exc
    return Run(tuple(tap.carried), result, None, connection.secrets())


async def play(connector: Connector, mapping: RecordMapping | None, draft: OperationExample) -> tuple[OperationExample, Run]:
    """Return the example with its requests as they are sent and its end as it comes, and the run itself.

    Raises: ConnectorError: nothing can be sent, or the form does not take what the example fills in. Unplayable: see the class.
    """
    tap = TappedWire(RecordedWire(draft.exchanges, strict=False))
    played = await run(connect(connector, draft, tap), tap, draft.operation, inputs_of(draft))
    exchanges = tuple(
        Exchange(request=_request(carried), response=written.response)
        for carried, written in zip(played.carried, draft.exchanges, strict=False)
    )
    return draft.model_copy(update={"exchanges": exchanges, **_told(mapping, draft.operation, played)}), played


def _request(carried: Carried) -> RecordedRequest:
    body = (carried.request.body or b"").decode(errors="replace")
    return RecordedRequest(method=carried.request.method, url=carried.request.url, headers=carried.request.headers, body=body)


def _told(mapping: RecordMapping | None, operation: str, played: Run) -> dict[str, Any]:
    told = played.ending
    if played.result is None:
        return told
    if played.result.truncated:
        told["truncated"] = True
    if CAPABILITIES[operation].writes:
        named = {"id": played.result.external_id, "url": played.result.external_url}
        return {**told, "result": {key: value for key, value in named.items() if value is not None}}
    if mapping is None:
        return {**told, "records": played.result.records}
    return {**told, "mapped": tuple(mapped_of(mapping, played.result.records))}
