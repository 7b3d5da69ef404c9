"""A real Asterisk, brought up by the laboratory's scripts, which live outside this repository and need root."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

REPOSITORY: Final = Path(__file__).resolve().parents[2]
ARI_PORT: Final = 18088
AMI_PORT: Final = 15038
UP_WITHIN_S: Final = 300
LINE_PREFIX: Final = "+86106554"
LINES: Final = ("4001", "4003", "4004", "4005", "4007")


class LabUnavailable(Exception):
    """It cannot be brought up here; the reason is for whoever reads the test run."""


@dataclass(frozen=True)
class Lab:
    """The running exchange. Its agents 1001-1004 are `PJSIP/agent1001`…; lines are the four digits its trunk delivers."""

    script: Path

    async def call(self, line: str, caller: str, *, hold_ms: int = 2000) -> None:
        """Make a real SIP call with sound, to its end."""
        await self.do("call", line, caller, str(hold_ms))

    async def do(self, *words: str) -> None:
        """Run one command of the script."""
        process = await asyncio.create_subprocess_exec(
            str(self.script), *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        await process.communicate()

    def set_up(self, *, events: str) -> str:
        """Return the apply file of a house that listens to it."""
        wanted = {
            "base_url": f"http://127.0.0.1:{ARI_PORT}",
            "ari_user": "lab",
            "ari_app": "tieline-live",
            "ami_host": "127.0.0.1",
            "ami_port": AMI_PORT,
            "ami_user": "lab",
            "endpoint_prefix": "PJSIP/agent",
            "line_prefix": LINE_PREFIX,
            "dial_context": "click2dial",
            "events": events,
        }
        secrets = {"ari_password": "plain:lab-ari-pass", "ami_secret": "plain:lab-ami-pass"}
        return set_up_with({"connector": "asterisk", "config": wanted, "secrets": secrets})

    @property
    def permitted(self) -> str:
        """The setting that lets a server dial it."""
        return f"127.0.0.1=127.0.0.0/8:{ARI_PORT},127.0.0.1=127.0.0.0/8:{AMI_PORT}"


def set_up_with(pbx: dict[str, object]) -> str:
    """Return the apply file of a house with its agents and lines, and one connection to it."""
    agents = {
        name: {"name": f"Agent {name}", "role": "agent", "team": "support", "extensions": [name]}
        for name in ("1001", "1002", "1003")
    }
    lines = {f"{LINE_PREFIX}{digits}": {"name": digits, "country": "CN"} for digits in LINES}
    return yaml.safe_dump({"version": 1, "connections": {"pbx": pbx}, "lines": lines, "agents": agents})


@contextmanager
def asterisk_lab() -> Iterator[Lab]:
    """Bring it up with one agent at the telephone, and take it down unless it was up before. Raises: LabUnavailable."""
    folder = Path(os.environ.get("TIELINE_LAB") or REPOSITORY.parent / "shared" / "lab")
    script = folder / "lab-asterisk.sh"
    if not script.is_file():
        message = f"there is no lab-asterisk.sh in {folder}; name its folder in TIELINE_LAB"
        raise LabUnavailable(message)
    if os.geteuid() != 0:
        message = "its scripts need root"
        raise LabUnavailable(message)
    was_up = _answers(AMI_PORT)
    try:
        for word in () if was_up else ("up", "seed"):
            if _run(script, word) != 0:
                message = f"lab-asterisk.sh {word} failed"
                raise LabUnavailable(message)
        yield Lab(script)
    finally:
        if not was_up:
            _run(script, "down")


def _run(script: Path, word: str) -> int:
    return subprocess.run([str(script), word], capture_output=True, timeout=UP_WITHIN_S, check=False).returncode  # noqa: S603 - the operator's own script


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
