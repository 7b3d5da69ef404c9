"""Turn one real exchange into an example that names nobody: run, scrub the answers, run again on them, and look once more.

No request is ever copied. What the example holds as requests is what the connector sends with made-up secrets and inputs to the
scrubbed answers, so it replays byte for byte and cannot carry what was sent in earnest.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tieline.connectors.contract import CAPABILITIES
from tieline.connectors.recordings.example import Exchange, OperationExample
from tieline.connectors.recordings.tap import TappedWire
from tieline.domain.errors import ConfigRefused, VendorMisconfigured
from tieline.domain.line import Line
from tieline.services.authoring.cast import Cast, cast_for
from tieline.services.authoring.play import STAND_IN, Run, Unplayable, play, run
from tieline.services.authoring.scrub import Scrubbed
from tieline.services.authoring.survivors import Survivors
from tieline.services.authoring.write_yaml import answer_as_written, yaml_of
from tieline.services.connector_examples import EXAMPLE_LINE, Example, replay
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


async def _in_earnest(trial: Trial, operation: str, inputs: Mapping[str, Any]) -> Run:
    tapped: list[TappedWire] = []
    connection = trial.connection.afresh(lambda wire: tapped.append(TappedWire(wire)) or tapped[0])  # type: ignore[func-returns-value]
    try:
        return await run(connection, tapped[0], operation, inputs)
    finally:
        await connection.aclose()


def _hosts(real: Run) -> frozenset[str]:
    return frozenset(urlsplit(each.request.url).netloc for each in real.carried)


async def _played(trial: Trial, asked: Asked, players: Cast, real: Run) -> OperationExample:
    """Run again, on scrubbed answers with made-up inputs, and write down what is sent now."""
    inputs = players.inputs()
    answers = [players.answer(each, number) for number, each in enumerate(real.carried, start=1)]
    draft = OperationExample.model_validate(
        {
            "operation": asked.operation,
            "title": asked.title,
            "config": players.config,
            "secrets": players.secrets,
            "in": inputs,
            "exchanges": [Exchange(request=STAND_IN, response=answer_as_written(answer)) for answer in answers],
        }
    )
    try:
        example, played = await play(trial.connection.connector, trial.book.get(CAPABILITIES[asked.operation].record), draft)
    except VendorMisconfigured as exc:
        raise RecordingRefused(f"the form does not take a made-up value: {exc.detail}") from exc
    except Unplayable as exc:
        raise RecordingRefused("with made-up values the connector asks for more than it did in earnest") from exc
    if played.shape != real.shape:
        raise RecordingRefused(
            f"with made-up values the exchange ends in {played.shape[:2]} and not in {real.shape[:2]}",
            hint="A value was replaced that the connector decides by; write this example by hand.",
        )
    return example


async def _prove(trial: Trial, example: OperationExample) -> None:
    """Replay it as the exam will. Raises: RecordingRefused."""
    problems = await replay(trial.connection.connector, Example(Path("recording.yaml"), {}, example))
    if problems:
        raise RecordingRefused(f"the example does not replay: {problems[0].text}")
