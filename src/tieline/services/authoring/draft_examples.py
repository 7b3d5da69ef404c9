"""Examples of a drafted connector: the request as it is sent, and an answer that was shown or is still to be recorded."""

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tieline.connectors.contract import CAPABILITIES, UNMAPPED
from tieline.connectors.language.writing import json_bytes
from tieline.connectors.recordings.example import Exchange, OperationExample
from tieline.connectors.registry import Connector
from tieline.connectors.wire.messages import Incoming
from tieline.domain.errors import TielineError
from tieline.mapping.book import load_book
from tieline.mapping.record import RecordMapping
from tieline.services.authoring.draft import write_example
from tieline.services.authoring.play import STAND_IN, play
from tieline.services.authoring.write_yaml import answer_as_written, yaml_of

REPLACE: Final = "REPLACE-ME"
SHOWN: Final = "As the description shows it; record a real one"
NOT_SHOWN: Final = "Replace the response, and what comes of it, by a real one with made-up people"
_SAMPLES: Final[Mapping[str, str]] = {"phone": "+8613800138000", "since": "2026-01-01T00:00:00Z", "email": "person@example.com"}
_SAMPLE_RECORD: Final[Mapping[str, Any]] = {
    "subject": "Example",
    "description": "Example",
    "name": "Alex Example",
    "text": "Example",
    "agent": "1001",
    "customer": "1",
}


async def draft_example(connector: Connector, operation: str, *, shown: object = None) -> Path:
    """Write an operation's example. `shown`: the answer a description gives; without one it fails until it is recorded."""
    book = load_book(connector.mapping_file) if connector.mapping_file.exists() else {}
    mapping = book.get(CAPABILITIES[operation].record)
    example = _stand_in(connector, mapping, operation, {"todo": REPLACE} if shown is None else shown)
    example = example.model_copy(update={"title": NOT_SHOWN if shown is None else SHOWN})
    with contextlib.suppress(TielineError):  # What cannot be played is left as it is, for the check to tell.
        played, _ = await play(connector, mapping if shown is not None else None, example)
        example = played if shown is not None else _unfinished(played)
    text = yaml_of(example.model_dump(by_alias=True, exclude_defaults=True, exclude_none=True, mode="json"))
    return write_example(connector.folder, operation, text)


def _unfinished(played: OperationExample) -> OperationExample:
    """Keep the request as it is sent, and expect what no answer brings, so that the check tells what is missing."""
    awaited: dict[str, Any] = {"outcome": "ok", "error": None, "mapped": None}
    if CAPABILITIES[played.operation].writes:
        awaited |= {"result": {"id": REPLACE}}
    elif CAPABILITIES[played.operation].record in UNMAPPED:
        awaited |= {"error": REPLACE}
    else:
        awaited |= {"records": ({"id": REPLACE},)}
    return played.model_copy(update=awaited)


def _stand_in(connector: Connector, mapping: RecordMapping | None, operation: str, answer: object) -> OperationExample:
    status = 201 if operation.endswith(".create") else 200
    written = answer_as_written(Incoming(status, {"content-type": "application/json"}, json_bytes(answer)))
    return OperationExample(
        operation=operation,
        config=_filled_in(connector, secret=False),
        secrets=_filled_in(connector, secret=True),
        in_=_inputs(connector, mapping, operation),
        exchanges=(Exchange(request=STAND_IN, response=written),),
    )


def _filled_in(connector: Connector, *, secret: bool) -> dict[str, str | int | bool]:
    return {
        name: "https://vendor.example" if form.type == "url" else f"dummy-{name.replace('_', '-')}"
        for name, form in connector.manifest.config.items()
        if form.secret is secret and form.default is None
    }


def _inputs(connector: Connector, mapping: RecordMapping | None, operation: str) -> dict[str, Any]:
    """Return something for each input the request refers to."""
    declared = connector.manifest.operations[operation].model_dump_json(by_alias=True)
    named = dict.fromkeys(re.findall(r"\$\{?in\.([a-z_]+)", declared))
    inputs: dict[str, Any] = {name: _SAMPLES.get(name, "1") for name in named}
    if CAPABILITIES[operation].writes:
        sample = {name: value for name, value in _SAMPLE_RECORD.items() if mapping is not None and name in mapping.writes}
        written = mapping.write(sample, current=None, is_new=True) if mapping is not None else {}
        inputs |= {"record": written, "idempotency_key": "example-key-1"}
    return inputs
