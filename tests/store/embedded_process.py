"""Another process that uses the embedded server, and how the tests look at processes and kill them for real."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

import tieline
from tieline.store.embedded_keeper import Lock

USER = """
import sys
from pathlib import Path
from tieline.store.embedded import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1]))
try:
    print(server.start(), flush=True)
    sys.stdin.read()
finally:
    server.stop()
"""


PACKAGES = [str(Path(package).parents[1]) for package in (tieline.__file__, psycopg.__file__)]
"""Where the code under test and its dependencies are, also for a Python that is not of this virtual environment."""


class OtherProcess:
    """A process of its own session that has started the server, or joined it. `url` is what it was told."""

    def __init__(self, data_dir: Path, *, user: int | None = None, python: str = sys.executable) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [python, "-c", USER, str(data_dir)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(PACKAGES)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            user=user,
            group=user,
        )

    def started(self) -> str:
        """Wait until it has a server and return the URL."""
        assert self.process.stdout is not None
        url = self.process.stdout.readline().strip()
        assert url, "the other process did not start"
        return url

    def end(self, signal_number: int) -> None:
        """Send a signal to the process and those of its terminal, and wait for it."""
        os.killpg(self.process.pid, signal_number)
        self.process.communicate(timeout=30)


def eventually(holds: Callable[[], bool], *, within_s: float = 20.0) -> bool:
    deadline_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def is_free(lock_file: Path) -> bool:
    lock = Lock(lock_file)
    try:
        return lock.try_exclusive()
    finally:
        lock.close()


def has_ended(folder: Path) -> bool:
    """Say whether neither keeper nor any process of Postgres is left."""
    return is_free(folder / "keeper.lock") and is_free(folder / "server.lock")


def postmaster(folder: Path) -> int:
    return int((folder / "cluster" / "postmaster.pid").read_text().partition("\n")[0])


def keeper(folder: Path) -> int | None:
    """Return the living keeper's process id, found by its command line."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if len(words) > 4 and words[3].endswith(b"embedded_keeper.py") and words[4] == os.fsencode(folder):
            return int(process.name)
    return None


def kill(process_id: int | None) -> None:
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)
