"""`tieline demo` as a newcomer starts it: everything comes up, a ring pops, Ctrl-C leaves nothing behind, twice over."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 60.0
POP = "/v1/screen-pop?phone=%2B8613800138000&agent=1001&line=%2B861065543800"


@pytest.fixture
def folder(reachable_folder: Path) -> Path:
    place = reachable_folder / "a folder with spaces 空格"
    place.mkdir()
    return place


def test_the_demo_comes_up_answers_and_goes_without_a_trace(folder: Path) -> None:
    for _start in ("first", "again on the same data"):
        demo = _Demo(folder)
        try:
            pop = demo.ask(POP)
            assert (pop["match"]["state"], pop["customer"]["tier"]) == ("known", "high_value")
            assert {"orders", "tickets", "account"} <= pop["blocks"].keys()
            assert demo.ask("/readyz")["ready"] is True
        finally:
            demo.interrupt()
        assert demo.exit_code == 0
        assert demo.left_behind() == []


class _Demo:
    """One demo in a process of its own, known by the folder it runs in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "demo.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tieline", "demo", "--quiet", "--port", "0"],
                cwd=folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.url = self._address()

    def ask(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:  # noqa: S310 - our own server
            told: dict[str, Any] = json.load(answer)
            return told

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE_S)

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    def left_behind(self) -> list[str]:
        """Return the command lines of processes that still name the demo's folder, or were started by it."""
        until = time.monotonic() + PATIENCE_S
        while (left := self._still_here()) and time.monotonic() < until:
            time.sleep(0.1)
        return left

    def _still_here(self) -> list[str]:
        place = str(self._folder).encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes()
                working = os.fsencode(entry.joinpath("cwd").readlink())
            except OSError:
                continue
            if place in command or working.startswith(place):
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
        return found

    def _address(self) -> str:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and self._process.poll() is None:
            for line in self._log.read_text(encoding="utf-8").splitlines():
                if "/docs" in line:
                    return line.split()[-1].removesuffix("/docs")
            time.sleep(0.05)
        self._process.kill()
        pytest.fail(f"the demo did not come up:\n{self._log.read_text(encoding='utf-8')}")
