"""One JSON object per line, in UTC, without personal data; other libraries' lines go the same way."""

import json
import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Literal, TextIO, cast

import orjson
import structlog

from tieline.observability.redaction import describe_exception, keep_allowed

LogFormat = Literal["json", "console"]
_TALKATIVE: Final[Mapping[str, int]] = {
    "uvicorn.access": logging.CRITICAL,
    "httpx": logging.WARNING,
    "asyncio": logging.WARNING,
    "alembic": logging.WARNING,
    "procrastinate": logging.WARNING,
    "sse_starlette": logging.WARNING,
}
"""uvicorn's access line and httpx's request line hold whole URLs; ours, `request.answered`, holds the route. Every migration,
job and chunk of a stream has a line of its library's, whose facts are taken out anyway; ours tell what came of it."""
_OF_THE_SERVER: Final = ("uvicorn", "uvicorn.error")
_SPOKEN_IN_FULL: Final = ("uvicorn.error",)
"""These say where they listen and that they stop; their texts hold no value from outside."""


class StandardError:
    """Standard error as it is when a line is written, not as it was when logging was set up."""

    def write(self, text: str) -> int:
        """Write to it."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Push it out."""
        sys.stderr.flush()


def set_up_logs(*, level: str, log_format: LogFormat) -> None:
    """Send every log line of this process to standard error. `level` is the least severe one written."""
    steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        describe_exception,
        keep_allowed,
    ]
    render = write_json if log_format == "json" else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[*steps, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", StandardError())),
        cache_logger_on_first_use=True,
    )
    _adopt_other_libraries(steps, render, level=level)


def _adopt_other_libraries(steps: list[structlog.typing.Processor], render: structlog.typing.Processor, *, level: str) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[only_the_template, structlog.stdlib.add_logger_name, *steps],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
    handler = logging.StreamHandler(StandardError())
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in _TALKATIVE.items():
        logging.getLogger(name).setLevel(least)
    for name in _OF_THE_SERVER:
        _let_through(logging.getLogger(name))


def _let_through(logger: logging.Logger) -> None:
    """Undo what a server made before us may have set up: a level, handlers of its own, no way to the root."""
    logger.setLevel(logging.NOTSET)
    logger.handlers = []
    logger.propagate = True
    logger.disabled = False


def only_the_template(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep a foreign line's template and drop what was filled in: another library's arguments may be anybody's data."""
    record = line.get("_record")
    if isinstance(record, logging.LogRecord):
        line["exc_info"] = record.exc_info
        if not record.name.startswith(_SPOKEN_IN_FULL):
            line["event"] = str(record.msg)
    return line


def write_json(_logger: object, _method: str, line: Mapping[str, Any]) -> str:
    """Return one line of JSON. Outside ASCII everything is escaped, so that no bidi mark or separator reaches a terminal."""
    text = orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return text if text.isascii() else json.dumps(line, default=str)
