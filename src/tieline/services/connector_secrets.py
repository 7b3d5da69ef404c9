"""Prove that a connector shows no secret: its examples run with marked secrets, and whatever is shown is searched for them."""

import base64
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote_plus

from structlog.testing import capture_logs

from tieline.connectors.engine.trace import Stage
from tieline.connectors.recordings.example import OperationExample
from tieline.connectors.recordings.replay import RecordedWire, RecordingMismatch
from tieline.connectors.registry import Connector
from tieline.domain.errors import ConnectorError
from tieline.kit.deadline import Deadline
from tieline.services.connector_examples import PATIENCE_S, Example, connect, inputs_of

# Characters that are written differently in a URL, a form, JSON and base64, around a core that is looked for.
MARK: Final = "cAnArY7f3a"
_SECRET: Final = f'{MARK}/+&="{MARK}'


async def leaks(connector: Connector, example: Example) -> Sequence[str]:
    """Return where the mark was seen when the example ran with marked secrets."""
    content = example.content
    if not isinstance(content, OperationExample) or content.operation not in connector.manifest.operations:
        return ()
    marked = content.model_copy(update={"secrets": dict.fromkeys(connector.manifest.secrets, _SECRET)})
    wire = RecordedWire(content.exchanges, strict=False)
    with capture_logs() as logs:
        try:
            connection = connect(connector, marked, wire)
            stages = await connection.explain(content.operation, deadline=Deadline.after(PATIENCE_S), **inputs_of(content))
        except RecordingMismatch:
            return ()  # Told by the replay; there is no more to see here.
        except ConnectorError as exc:
            return [f"the error {exc.code}"] if shows_mark(repr(exc)) else []
    shown = {"the log": repr(logs), "the connection's repr": repr(connection), **dict(_stages(stages))}
    return [place for place, text in shown.items() if shows_mark(text)]


def _stages(stages: Sequence[Stage]) -> Iterator[tuple[str, str]]:
    return ((f"the stage {stage.name}", repr(stage)) for stage in stages)


def shows_mark(text: str) -> bool:
    """Say whether the mark stands in the text, plainly, percent-encoded or in base64 at any offset."""
    return MARK in text or MARK in unquote_plus(text) or any(core in text for core in _BASE64_CORES)


def _base64_core(offset: int) -> str:
    """The characters of the mark's base64 that do not depend on what stands before and after it."""
    encoded = base64.b64encode(b"." * offset + MARK.encode()).decode()
    return encoded[4 if offset else 0 :].rstrip("=")[:-1]


_BASE64_CORES: Final = tuple(_base64_core(offset) for offset in range(3))
