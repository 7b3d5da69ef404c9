"""A real Postgres in the data directory, for whoever has no server of their own. See docs/adr/0003-embedded-postgres.md.

Every process that uses the server holds a shared lock for as long as it lives, however it dies. A small keeper process
starts Postgres, restarts it when it dies, and stops it once nobody holds that lock. Whether a server is alive
is decided by asking it over SQL, never by a process id.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import structlog

from tieline.domain.errors import ConfigRefused
from tieline.store import embedded_keeper, embedded_server
from tieline.store.embedded_cluster import Cluster, quiet_environment
from tieline.store.embedded_keeper import Lock
from tieline.store.embedded_place import can_walk_to, choose_place
from tieline.store.embedded_programs import copy_programs, find_programs

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
WATCH_S = 0.5
POLL_S = 0.02

log = structlog.get_logger()
Progress = Callable[[str], None]


class EmbeddedPostgres:
    """One user of the server in `data_dir`. Not for use from several threads at once.

    Args: settings: Postgres settings that replace ours. progress: told, in one sentence each, what takes time.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None, progress: Progress | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self._settings = dict(settings or {})
        self._progress = progress or (lambda _sentence: None)
        self._users: Lock | None = None
        self._stopping = threading.Event()
        self._watch: threading.Thread | None = None

    def start(self) -> str:
        """Return the URL of a server that answers; start one unless it runs already. Blocks: cold 1 s, warm 0.2 s.

        Raises: ConfigRefused: the directory cannot be used or Postgres would not start; the sentence says why.
        """
        self._place = choose_place(self.data_dir)
        self._users = Lock(self._place.folder / "users.lock")
        fcntl.flock(self._users.descriptor, fcntl.LOCK_SH)
        try:
            url = self._ensure()
        except BaseException:
            self._users.close()
            self._users = None
            raise
        self._stopping.clear()
        self._watch = threading.Thread(target=self._revive_when_lost, name="embedded-postgres", daemon=True)
        self._watch.start()
        return url

    def stop(self) -> bool:
        """Stop using the server; when nobody else does, return True once it has ended. May be called twice."""
        if self._users is None:
            return False
        self._stopping.set()
        if self._watch is not None:
            self._watch.join()
        self._users.close()
        self._users = None
        deadline_s = time.monotonic() + STOP_TIMEOUT_S
        while self._is_held("keeper.lock") and time.monotonic() < deadline_s:
            if self._is_used():
                return False
            time.sleep(POLL_S)
        return True

    def _ensure(self) -> str:
        with _turn(self._place.folder / "start.lock"):
            cluster = self._cluster()
            if not cluster.exists():
                self._progress("Setting up the embedded Postgres, once")
                cluster.create()
            if not self._is_held("keeper.lock"):
                self._outwait_old_server(cluster)
                self._launch(cluster)
            self._wait_until_ready(cluster)
            return embedded_server.address(cluster)

    def _cluster(self) -> Cluster:
        folder, user = self._place.folder, self._place.user
        if folder.parent != self.data_dir:
            self._progress(f"uid {user} cannot reach {self.data_dir}; the database is in {folder}")
        programs = find_programs(folder / "cluster")
        if user is not None and not can_walk_to(programs.folder, user):
            programs = copy_programs(programs, folder)
        return Cluster(self._place, programs, self._settings)

    def _launch(self, cluster: Cluster) -> None:
        """Start the keeper. It holds its lock by the time the command returns; if it failed, the wait that follows tells."""
        self._progress("Starting the embedded Postgres")
        user = "" if self._place.user is None else str(self._place.user)
        keeper = [sys.executable, "-I", "-S", embedded_keeper.__file__, str(self._place.folder), user]
        subprocess.run(  # noqa: S603 - our own program, without a shell
            [*keeper, *cluster.server_command(cluster.settle_port())],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            env=quiet_environment(),
        )

    def _wait_until_ready(self, cluster: Cluster) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not embedded_server.make_ready(cluster):
            if not self._is_held("keeper.lock") or time.monotonic() > deadline_s:
                raise ConfigRefused(f"the embedded Postgres did not start: {cluster.log_tail()}", code="embedded_postgres_failed")
            time.sleep(POLL_S)

    def _outwait_old_server(self, cluster: Cluster) -> None:
        """Wait until a server whose keeper was killed has ended, so that its port is free for the next one.

        Linux is ending it by now; elsewhere, or if that went wrong, it still answers and is told to.
        """
        deadline_s = time.monotonic() + STOP_TIMEOUT_S
        while self._is_held("server.lock") and time.monotonic() < deadline_s:
            if process_id := embedded_server.process_id(cluster):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGINT)
            time.sleep(POLL_S)

    def _is_held(self, name: str) -> bool:
        lock = Lock(self._place.folder / name)
        try:
            return not lock.try_exclusive()
        finally:
            lock.close()

    def _is_used(self) -> bool:
        """Say whether others hold the lock that users share; a lock held by one alone is the keeper's, who is stopping."""
        lock = Lock(self._place.folder / "users.lock")
        try:
            return not lock.try_exclusive() and lock.try_shared()
        finally:
            lock.close()

    def _revive_when_lost(self) -> None:
        """Watch the keeper, which nobody else watches, and start another should it be killed."""
        pause_s = WATCH_S
        while not self._stopping.wait(pause_s):
            if self._is_held("keeper.lock"):
                pause_s = WATCH_S
                continue
            try:
                self._ensure()
                log.warning("embedded_postgres.revived")
            except (ConfigRefused, OSError) as exc:
                pause_s = min(pause_s * 2, 30.0)
                log.error("embedded_postgres.lost", reason=str(exc), again_in_s=pause_s)  # noqa: TRY400 - foreseen


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Let one process at a time look and start."""
    lock = Lock(path)
    try:
        fcntl.flock(lock.descriptor, fcntl.LOCK_EX)
        yield
    finally:
        lock.close()
