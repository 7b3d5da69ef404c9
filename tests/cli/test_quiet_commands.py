"""What ends by itself says what it did and nothing else, and loads no server: log lines and doors are for what keeps running."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tieline import __version__
from tieline.main import Tieline
from tieline.security.api_keys import KEY_SHAPE
from tieline.settings import Settings
from tieline.store.migrate import head_revision

SET_UP = """
version: 1
lines: {"+861065543800": {name: Support}}
agents: {"1001": {name: Li Wei, role: agent}}
"""


def run(folder: Path, url: str, *words: str) -> tuple[str, str]:
    """Run a command as an administrator would; return what came on standard output and on standard error."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIELINE_")}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "tieline", *words],
        cwd=folder,
        env={**inherited, "TIELINE_DATABASE_URL": url, "TIELINE_DATA_DIR": str(folder / "kept")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout, done.stderr


def test_it_says_its_version(tmp_path: Path) -> None:
    assert run(tmp_path, "", "--version") == (f"tieline {__version__}\n", "")


def test_no_command_waits_for_a_server_to_be_loaded() -> None:
    """Routes, pages and what they stand on are a second of processor time."""
    servers = {"fastapi", "uvicorn", "tieline.api.app", "tieline.web.pages"}
    asked = f"import sys, tieline.main; print(sorted({servers} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    assert done.stdout == "[]\n"


def test_setting_up_a_house_writes_no_log_lines(empty_database_url: str, tmp_path: Path) -> None:
    (tmp_path / "tieline.yaml").write_text(SET_UP)
    assert run(tmp_path, empty_database_url, "migrate") == (f"The schema is at {head_revision()}.\n", "")
    assert run(tmp_path, empty_database_url, "apply", "tieline.yaml") == (
        "+ line +861065543800\n+ agent 1001\n2 changed, 0 as they were.\n",
        "",
    )
    key, told = run(tmp_path, empty_database_url, "key", "create", "--name", "softphone", "--scope", "pops.read")
    assert KEY_SHAPE.fullmatch(key.strip())
    assert told == "Keep it now: it cannot be shown again. Send it as Authorization: Bearer …\n"


@pytest.fixture
def logging_afterwards_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, config = list(root.handlers), root.level, structlog.get_config()
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**config)


@pytest.mark.usefixtures("logging_afterwards_as_before")
@pytest.mark.parametrize(
    ("given", "level"),
    [({}, logging.WARNING), ({"TIELINE_LOG_LEVEL": "debug"}, logging.DEBUG), ({"TIELINE_LOG_LEVEL": "info"}, 20)],
)
def test_a_level_the_administrator_set_holds_for_every_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, str], level: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIELINE_LOG_LEVEL", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    Tieline(Settings())
    assert logging.getLogger().level == level
