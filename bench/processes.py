"""Starting what is measured: pinned to a core, watched from outside through /proc."""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Served:
    """One server process (and its children) on the cores given."""

    def __init__(self, name: str, command: Sequence[str], *, cores: set[int], ready_url: str, env: Mapping[str, str]) -> None:
        self.name = name
        self._command = command
        self._cores = cores
        self._ready_url = ready_url
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        log = Path(self._env.get("BENCH_LOGS", "/tmp")) / f"bench-{self.name}.log"  # noqa: S108 - a log for the curious
        with log.open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own command lines
                self._command,
                env={**os.environ, **self._env},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        os.sched_setaffinity(self._process.pid, self._cores)
        self._wait_until_ready(log)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _wait_until_ready(self, log: Path) -> None:
        until = time.monotonic() + 90
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(self._ready_url, timeout=1):  # noqa: S310 - loopback
                    return
            except OSError:
                time.sleep(0.1)
        message = f"{self.name} did not come up; it said: {log.read_text(errors='replace')[-2000:]}"
        raise RuntimeError(message)

    @property
    def pid(self) -> int:
        """Return the process id."""
        assert self._process is not None  # noqa: S101 - only inside `with`
        return self._process.pid

    def cpu_seconds(self) -> float:
        """Return the user and system time used so far by the process, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def resident_megabytes(self) -> float:
        """Return the resident memory of the process, in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024
