"""The tutorial, carried out as a newcomer would: its files are written, its commands run, its outputs compared."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from tests.ports import free_port

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = DOCS / "tutorial-first-connector.md"
FENCE: Final = re.compile(r"^```(?P<info>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
MARK: Final = "§§"
PATIENCE_S: Final = 180.0


class Step(NamedTuple):
    """One command and the output the page shows for it; `…` stands for anything."""

    command: str
    shown: str


def page() -> str:
    """Return the page with ports that are free here."""
    text = PAGE.read_text(encoding="utf-8")
    for written in ("8901", "8902"):
        text = text.replace(written, str(free_port()))
    return text


def steps(text: str) -> Iterator[Step]:
    """Yield everything the page asks for, in order; a file is a command that writes it."""
    for fence in FENCE.finditer(text):
        if found := re.search(r"file=(\S+)", fence["info"]):
            name = found[1]
            yield Step(f"mkdir -p $(dirname {name}) && cat > {name} <<'END-OF-FILE'\n{fence['text']}END-OF-FILE", "")
        elif fence["info"] == "console":
            yield from commands(fence["text"])


def commands(text: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield Step(command, shown.strip())


def fits(shown: str, printed: str) -> bool:
    """Say whether what was printed is what the page shows."""
    parts = [re.escape(each.strip()) for each in shown.split("…")]
    return re.fullmatch(r"\s*" + r"(?s:.*)".join(parts) + r"\s*", printed) is not None


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [("a\n…\nc", "a\nb\nc", True), ("a", "ab", False), ("…b…", "abc", True), ("a…", "a", True), ("…a", "ab", False)],
)
def test_outputs_are_compared_whole(shown: str, printed: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert fits(shown, printed) is expected


def test_every_file_and_command_of_the_tutorial_works(database_url: str, tmp_path: Path) -> None:
    wanted = list(steps(page()))
    script = tmp_path / "tutorial.sh"
    script.write_text("".join(f"echo '{MARK}'\n{step.command}\n" for step in wanted), encoding="utf-8")
    folder = tmp_path / "work"
    folder.mkdir()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
        "TIELINE_DOCS": str(DOCS),
        "TIELINE_DATABASE_URL": database_url,
        "TIELINE_DATA_DIR": str(tmp_path / "data"),
    }
    printed = run(script, folder, environment)
    outputs = printed.split(f"{MARK}\n")[1:]
    assert len(outputs) == len(wanted), printed
    for step, output in zip(wanted, outputs, strict=True):
        assert not step.shown or fits(step.shown, output), f"$ {step.command}\nshown:\n{step.shown}\nprinted:\n{output}"
        assert "Traceback" not in output


def run(script: Path, folder: Path, environment: dict[str, str]) -> str:
    """Run the commands in one shell, as they are typed in one terminal, and end what they left running."""
    with (folder.parent / "printed").open("w+", encoding="utf-8") as log:
        shell = subprocess.Popen(  # noqa: S603 - the page's own commands
            ["/usr/bin/env", "bash", str(script)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            shell.wait(timeout=PATIENCE_S)
        finally:
            os.killpg(shell.pid, signal.SIGTERM)
        log.seek(0)
        return log.read()
