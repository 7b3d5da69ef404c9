import ast
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import structlog

import tieline
from tieline.observability.logs import set_up_logs
from tieline.observability.redaction import ALLOWED

SOURCE: Final = Path(tieline.__file__).parent
LOGGING: Final = {f"log.{level}" for level in ("debug", "info", "warning", "error", "exception")}
CANARIES = (
    "+8613800138000",
    "13800138000",
    "138 0013 8000",
    "张伟民",
    "zhang@example.com",
    "tl_secret_canary",
    "110101199003071234",
)


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator["Lines"]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config())
    set_up_logs(level="info", log_format="json")
    yield Lines(capsys)
    structlog.contextvars.clear_contextvars()
    root.handlers, config = before[0], before[2]
    root.setLevel(before[1])
    structlog.configure(**config)


class Lines:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def raw(self) -> str:
        return self._capsys.readouterr().err

    def parsed(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.raw().splitlines()]


def test_a_line_is_one_json_object_with_time_level_and_event_first(written: Lines) -> None:
    structlog.get_logger().info("ticket.pushed", connection="crm", attempt=2)
    (line,) = written.parsed()
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert (line["event"], line["connection"], line["attempt"]) == ("ticket.pushed", "crm", 2)
    assert line["timestamp"].endswith("Z")


def test_whatever_we_log_is_allowed_to_stand_there() -> None:
    """A field that is dropped is missed on the day it is needed: which work failed, which checkpoint was signed."""
    logged = {(file.name, word) for file in SOURCE.rglob("*.py") for word in _fields_logged(file)}
    assert len(logged) > 80, "the search finds what is logged"
    assert sorted(one for one in logged if one[1] not in ALLOWED) == []


def _fields_logged(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in LOGGING:
            yield from (word.arg for word in node.keywords if word.arg and word.arg != "exc_info")


def test_a_signed_checkpoint_stands_in_the_log_whole(written: Lines) -> None:
    digest, signature = "0123456789abcdef" * 4, "9876543210fedcba" * 8
    structlog.get_logger().info("audit.checkpoint", checkpoint=7, digest=digest, signature=signature)
    (line,) = written.parsed()
    assert (line["checkpoint"], line["digest"], line["signature"]) == (7, digest, signature)


def test_what_is_not_allowed_is_dropped_and_only_its_name_is_noted(written: Lines) -> None:
    structlog.get_logger().info("pop.shown", phone="+8613800138000", name="张伟民", pop_id="p-1")
    (line,) = written.parsed()
    assert line["dropped"] == ["name", "phone"]
    assert line["pop_id"] == "p-1"


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("field", ["phone", "name", "email", "token", "body", "query", "url", "detail", "text", "headers"])
def test_no_canary_reaches_the_log_under_any_personal_name(written: Lines, field: str, canary: str) -> None:
    structlog.get_logger().warning("x.happened", **{field: canary})
    assert canary not in written.raw()


@pytest.mark.parametrize("field", sorted({"call_id", "connection", "reason", "agent", "state", "code"} & ALLOWED))
def test_a_number_inside_an_allowed_field_is_blotted_out(written: Lines, field: str) -> None:
    structlog.get_logger().info("x.happened", **{field: "sip:13800138000@gw", "items": ["+86 138-0013-8000"]})
    text = written.raw()
    assert "8000" not in text
    assert "[number]" in text


def test_ids_of_our_own_making_stay_whole(written: Lines) -> None:
    structlog.get_logger().info("x.happened", request_id="12345678901234567890123456789012")
    assert "12345678901234567890123456789012" in written.raw()


def test_an_exception_is_told_by_type_and_place_and_never_by_its_message(written: Lines) -> None:
    try:
        try:
            raise KeyError("+8613800138000")  # noqa: TRY301 - the message is the canary
        except KeyError as exc:
            raise ValueError("Key (e164)=(+8613800138000) already exists") from exc
    except ValueError:
        structlog.get_logger().exception("x.failed")
    text = written.raw()
    line = json.loads(text)
    assert line["exception"] == "builtins.ValueError < builtins.KeyError"
    assert "test_logs.py" in line["frames"][-1]
    assert "13800138000" not in text


def test_another_librarys_line_loses_what_was_filled_in(written: Lines) -> None:
    logging.getLogger("psycopg.pool").warning("error connecting in %r: %s", "pool-1", "password=tl_secret_canary")
    (line,) = written.parsed()
    assert line["event"] == "error connecting in %r: %s"
    assert line["logger"] == "psycopg.pool"


def test_another_librarys_traceback_loses_its_message_too(written: Lines) -> None:
    try:
        raise RuntimeError("13800138000")  # noqa: TRY301 - the message is the canary
    except RuntimeError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    text = written.raw()
    assert "13800138000" not in text
    assert json.loads(text)["exception"] == "builtins.RuntimeError"


def test_the_servers_own_announcements_are_kept(written: Lines) -> None:
    logging.getLogger("uvicorn.error").info("Uvicorn running on %s", "http://127.0.0.1:8000")
    (line,) = written.parsed()
    assert line["event"] == "Uvicorn running on http://127.0.0.1:8000"


@pytest.mark.parametrize("evil", ["a\r\nlevel=info fake", "\u2028x", "\x1b[31mred", "\u202egnp.exe", "\x00"])
def test_nothing_in_a_value_breaks_the_line_or_the_terminal(written: Lines, evil: str) -> None:
    structlog.get_logger().info("x.happened", reason=evil)
    text = written.raw()
    assert text.count("\n") == 1
    assert text.isascii()
    assert not any(ord(letter) < 32 for letter in text.rstrip("\n"))


def test_a_very_long_value_is_shortened(written: Lines) -> None:
    structlog.get_logger().info("x.happened", reason="x" * 1_000_000)
    assert len(written.raw()) < 500


@pytest.mark.parametrize("library", ["alembic.runtime.migration", "procrastinate.worker", "sse_starlette.sse"])
def test_what_other_libraries_do_step_by_step_is_not_written_but_their_warnings_are(written: Lines, library: str) -> None:
    logging.getLogger(library).info("Running upgrade %s", "a")
    logging.getLogger(library).warning("something is odd")
    assert [line["event"] for line in written.parsed()] == ["something is odd"]


def test_what_is_less_severe_than_asked_for_is_not_written(written: Lines) -> None:
    structlog.get_logger().debug("x.happened")
    logging.getLogger("httpx").info("HTTP Request: GET https://crm/contacts?phone=13800138000")
    assert written.raw() == ""


def test_a_server_hushed_by_somebody_else_speaks_again(written: Lines) -> None:
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn").propagate = False
    set_up_logs(level="info", log_format="json")
    logging.getLogger("uvicorn.error").info("Uvicorn running on %s", "http://127.0.0.1:8000")
    assert "Uvicorn running on" in written.raw()
