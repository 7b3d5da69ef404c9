"""Turn one real exchange into an example that names nobody: run, scrub the answers, run again on them, and look once more.

No request is ever copied. What the example holds as requests is what the connector sends with made-up secrets and inputs to the
scrubbed answers, so it replays byte for byte and cannot carry what was sent in earnest.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tieline.connectors.answers.outcome import ERRORS
from tieline.connectors.connection import VendorConnection
from tieline.connectors.contract import CAPABILITIES, Result
from tieline.connectors.recordings.example import Exchange, OperationExample, RecordedRequest
from tieline.connectors.recordings.replay import RecordedWire
from tieline.connectors.recordings.tap import Carried, TappedWire
from tieline.domain.errors import ConfigRefused, ConnectorError, VendorMisconfigured
from tieline.domain.line import Line
from tieline.kit.deadline import Deadline
from tieline.services.authoring.cast import Cast, cast_for
from tieline.services.authoring.scrub import Scrubbed
from tieline.services.authoring.survivors import Survivors
from tieline.services.authoring.write_yaml import answer_as_written, yaml_of
from tieline.services.connector_examples import EXAMPLE_LINE, PATIENCE_S, Example, connect, inputs_of, mapped_of, replay
from tieline.services.connectors import Trial, read_inputs, refuse_unasked


class RecordingRefused(ConfigRefused):
    """The exchange cannot become an example: something real would stand in it, or it would not replay."""

    code = "recording_refused"
    title = "The exchange cannot be recorded"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be recorded, as a person wrote it."""

    operation: str
    inputs: Mapping[str, str]
    title: str = ""
    writing: bool = False
    line: Line = EXAMPLE_LINE


class Recording(NamedTuple):
    """An example as it will be written, and everything that was replaced in it."""

    text: str
    told: tuple[Scrubbed, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: what was carried and how it ended."""

    carried: Sequence[Carried]
    result: Result | None
    failure: ConnectorError | None
    secrets: Sequence[str] = field(default=(), repr=False)

    @property
    def ending(self) -> dict[str, Any]:
        """How the example tells it."""
        if self.failure is None:
            return {"outcome": self.result.outcome} if self.result else {}
        outcome = next((name for name, error in ERRORS.items() if type(self.failure) is error), None)
        wait_s = self.failure.retry_after_s
        told = {"outcome": outcome} if outcome else {"error": self.failure.code}
        return told if wait_s is None else {**told, "wait_s": wait_s}

    @property
    def shape(self) -> tuple[object, ...]:
        """What must be the same with made-up people: how it ended and how much it brought."""
        ending = {key: value for key, value in self.ending.items() if key != "wait_s"}
        return (ending, len(self.result.records) if self.result else 0, len(self.carried))


async def record(trial: Trial, asked: Asked) -> Recording:
    """Ask the real system once and return the exchange as an example.

    Raises: RequestRefused: as `try_operation`. ConnectorError: nothing came back. RecordingRefused: see the class.
    """
    refuse_unasked(trial, asked.operation, writing=asked.writing)
    inputs = read_inputs(trial, asked.operation, asked.inputs, asked.line)
    real = await _in_earnest(trial, asked.operation, inputs)
    players = cast_for(trial, asked.operation, inputs, line=asked.line, hosts=_hosts(real), secrets=real.secrets)
    if real.result:
        players.learn(trial.book.get(CAPABILITIES[asked.operation].record), real.result.records)
    example = await _played(trial, asked, players, real)
    text = yaml_of(example.model_dump(by_alias=True, exclude_defaults=True, exclude_none=True, mode="json"))
    refuse_survivors(text, players.survivors)
    await _prove(trial, example)
    return Recording(text, tuple(dict.fromkeys(players.scrubber.told)))


def refuse_survivors(text: str, survivors: Survivors) -> None:
    """Raises: RecordingRefused: the text holds something real; what it is is not repeated."""
    if found := survivors.found_in(text):
        raise RecordingRefused(
            f"{' and '.join(found)} would still stand in the example; nothing was written",
            hint="Record another one, or write this one by hand.",
        )


def write_recording(recording: Recording, folder: Path, title: str) -> Path:
    """Write the example where the connector's examples are, in a file named by its title.

    Raises: RecordingRefused: there is a file of that name.
    """
    examples = folder / "examples" if (folder / "connector.yaml").is_file() else folder
    file = examples / f"{_file_name(title)}.yaml"
    if file.exists():
        raise RecordingRefused("there is already an example of that name; give it another --title", where=str(file))
    examples.mkdir(parents=True, exist_ok=True)
    file.write_text(recording.text, encoding="utf-8")
    return file


def _file_name(title: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", title.lower()).strip("-.") or "recording"


async def _in_earnest(trial: Trial, operation: str, inputs: Mapping[str, Any]) -> _Run:
    tapped: list[TappedWire] = []
    connection = trial.connection.afresh(lambda wire: tapped.append(TappedWire(wire)) or tapped[0])  # type: ignore[func-returns-value]
    try:
        return await _run(connection, tapped[0], operation, inputs)
    finally:
        await connection.aclose()


async def _run(connection: VendorConnection, tap: TappedWire, operation: str, inputs: Mapping[str, Any]) -> _Run:
    try:
        result = await connection.run(operation, deadline=Deadline.after(PATIENCE_S), **inputs)
    except ConnectorError as exc:
        if not tap.carried:
            raise
        return _Run(tuple(tap.carried), None, exc, connection.secrets())
    return _Run(tuple(tap.carried), result, None, connection.secrets())


def _hosts(run: _Run) -> frozenset[str]:
    return frozenset(urlsplit(each.request.url).netloc for each in run.carried)


async def _played(trial: Trial, asked: Asked, players: Cast, real: _Run) -> OperationExample:
    """Run again, on scrubbed answers with made-up inputs, and write down what is sent now."""
    inputs = players.inputs()
    answers = [players.answer(each, number) for number, each in enumerate(real.carried, start=1)]
    stand_in = RecordedRequest(method="GET", url="-")
    draft = OperationExample.model_validate(
        {
            "operation": asked.operation,
            "title": asked.title,
            "config": players.config,
            "secrets": players.secrets,
            "in": inputs,
            "exchanges": [Exchange(request=stand_in, response=answer_as_written(answer)) for answer in answers],
        }
    )
    tap = TappedWire(RecordedWire(draft.exchanges, strict=False))
    run = await _run(_connected(trial, draft, tap), tap, asked.operation, inputs_of(draft))
    if run.shape != real.shape:
        raise RecordingRefused(
            f"with made-up values the exchange ends in {run.shape[:2]} and not in {real.shape[:2]}",
            hint="A value was replaced that the connector decides by; write this example by hand.",
        )
    exchanges = [
        Exchange(request=_request(carried), response=written.response)
        for carried, written in zip(run.carried, draft.exchanges, strict=True)
    ]
    return draft.model_copy(update={"exchanges": tuple(exchanges), **_told(trial, asked.operation, run)})


def _connected(trial: Trial, draft: OperationExample, tap: TappedWire) -> VendorConnection:
    try:
        return connect(trial.connection.connector, draft, tap)
    except VendorMisconfigured as exc:
        raise RecordingRefused(f"the form does not take a made-up value: {exc.detail}") from exc


def _request(carried: Carried) -> RecordedRequest:
    body = (carried.request.body or b"").decode(errors="replace")
    return RecordedRequest(method=carried.request.method, url=carried.request.url, headers=carried.request.headers, body=body)


def _told(trial: Trial, operation: str, run: _Run) -> dict[str, Any]:
    told = run.ending
    if run.result is None:
        return told
    if run.result.truncated:
        told["truncated"] = True
    if CAPABILITIES[operation].writes:
        named = {"id": run.result.external_id, "url": run.result.external_url}
        return {**told, "result": {key: value for key, value in named.items() if value is not None}}
    mapping = trial.book.get(CAPABILITIES[operation].record)
    if mapping is None:
        return {**told, "records": run.result.records}
    return {**told, "mapped": tuple(mapped_of(mapping, run.result.records))}


async def _prove(trial: Trial, example: OperationExample) -> None:
    """Replay it as the exam will. Raises: RecordingRefused."""
    problems = await replay(trial.connection.connector, Example(Path("recording.yaml"), {}, example))
    if problems:
        raise RecordingRefused(f"the example does not replay: {problems[0].text}")
