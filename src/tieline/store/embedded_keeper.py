"""The process that keeps the embedded Postgres: starts it, starts it again if it dies, stops it when its last user is gone.

Run by path with nothing but the standard library (`python -I -S embedded_keeper.py FOLDER UID POSTGRES ARGUMENT…`), so
that it starts in a few milliseconds and does not depend on how Tieline is installed. It believes locks, never process ids:

* `users.lock`  held shared by every process that uses the server; when the keeper gets it exclusively, all have gone.
* `keeper.lock` held exclusively by the keeper; free means there is none.
* `server.lock` inherited by Postgres and all its children; free means that not one of them is left, so a pid file is stale.

Signals meant for a terminal or a service are ignored on purpose: the server must outlive the requests being drained.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

POLL_S = 0.1
SETTLED_S = 5.0
QUICK_DEATHS_ALLOWED = 3
LOG_LIMIT_BYTES = 1_000_000
PR_SET_PDEATHSIG = 1
ASK = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
"""How Postgres is told to end, and the seconds it gets each time: fast, at once, killed (postgresql.org, server-shutdown)."""


class Lock:
    """An advisory lock on an open file; the kernel drops it when the last process holding the file open ends."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_exclusive(self) -> bool:
        """Say whether the lock is now ours alone."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Say whether we now hold it together with others."""
        return self._try(fcntl.LOCK_SH)

    def close(self) -> None:
        """Let go, unless another process inherited the file."""
        os.close(self.descriptor)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self.descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Keeper:
    """One server in one folder. `user` is the uid Postgres runs as, None for our own."""

    def __init__(self, folder: Path, user: int | None, command: list[str]) -> None:
        self.folder = folder
        self.user = user
        self.command = command
        self.users = Lock(folder / "users.lock")
        self.quick_deaths = 0

    def run(self) -> int:
        """Keep the server until nobody uses it. Returns 0, or 1 if it died too often to try again."""
        while (server := self._start()) is not None:
            started_s = time.monotonic()
            while server.poll() is None:
                if self.users.try_exclusive():
                    _stop(server)
                    return 0
                time.sleep(POLL_S)
            if not self._may_restart(time.monotonic() - started_s):
                return 1
        return 0

    def _start(self) -> "subprocess.Popen[bytes] | None":
        """Start Postgres once no process of an earlier one is left; None if meanwhile nobody wants it."""
        lock = Lock(self.folder / "server.lock")
        while not lock.try_exclusive():
            if self.users.try_exclusive():
                return None
            time.sleep(POLL_S)
        (self.folder / "cluster" / "postmaster.pid").unlink(missing_ok=True)
        try:
            return self._spawn(lock)
        finally:
            lock.close()

    def _spawn(self, lock: Lock) -> "subprocess.Popen[bytes]":
        with _open_log(self.folder / "server.log") as log:
            return subprocess.Popen(  # noqa: S603 - our own command line, without a shell
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                pass_fds=(lock.descriptor,),
                preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 - this process has one thread
                **_identity(self.user),
            )

    def _may_restart(self, lived_s: float) -> bool:
        self.quick_deaths = self.quick_deaths + 1 if lived_s < SETTLED_S else 0
        return self.quick_deaths < QUICK_DEATHS_ALLOWED


def _identity(user: int | None) -> dict[str, Any]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _end_with(keeper_pid: int) -> Callable[[], None] | None:
    """Return what the child runs before Postgres: on Linux, ask the kernel to end it should the keeper be killed."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)

    def ask_kernel() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != keeper_pid:
            os._exit(1)

    return ask_kernel


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".old.log"))
    return path.open("ab")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    for request, patience_s in ASK:
        server.send_signal(request)
        try:
            server.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
        return


def _won(lock: Lock) -> bool:
    """Try for a second: someone may just be looking whether the lock is free."""
    for _ in range(20):
        if lock.try_exclusive():
            return True
        time.sleep(0.05)
    return False


def main(arguments: list[str]) -> int:
    """Keep the server in the folder named first; 3 says that another keeper is already there."""
    folder, user, *command = arguments
    for request in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(request, signal.SIG_IGN)
    mine = Lock(Path(folder) / "keeper.lock")
    if not _won(mine):
        return 3
    if os.fork():
        os._exit(0)  # The lock lives on in the child; whoever called learns that it is held.
    return Keeper(Path(folder), int(user) if user else None, command).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
