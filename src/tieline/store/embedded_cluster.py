"""The files of one embedded cluster: made whole or not at all, opened with settings that keep what was promised."""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tieline.domain.errors import ConfigRefused
from tieline.store.embedded_place import Place
from tieline.store.embedded_programs import Programs

SUPERUSER = "postgres"
PORTS = range(20_000, 32_000)
"""Below the range from which systems take ports for outgoing connections, so that none is taken while Postgres restarts."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may be 107 bytes long at most; a data directory's may be longer
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "io_method": "sync",  # no separate I/O processes for so small a server
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "jit": "off",
    "log_min_messages": "fatal",  # the text of a statement's error may hold somebody's number; we are told it anyway
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class Cluster:
    """One cluster in one place; `overrides` replace single settings (the tests need no durability)."""

    def __init__(self, place: Place, programs: Programs, overrides: Mapping[str, str]) -> None:
        self.place = place
        self.programs = programs
        self.overrides = overrides
        self.files = place.folder / "cluster"

    def exists(self) -> bool:
        """Say whether initdb has finished here once."""
        return (self.files / "PG_VERSION").exists()

    def create(self) -> None:
        """Run initdb aside and move the result into place, so that a crash leaves nothing half made."""
        half = self.place.folder / "cluster.part"
        shutil.rmtree(half, ignore_errors=True)
        password_file = self._write("password", secrets.token_urlsafe(32))
        self._run_initdb(half, password_file)
        half.rename(self.files)
        _sync_folder(self.place.folder)

    def password(self) -> str:
        """Return the generated password of both roles."""
        return (self.place.folder / "password").read_text(encoding="ascii")

    def port(self) -> int | None:
        """Return the port chosen last, None before the first start."""
        file = self.place.folder / "port"
        return int(file.read_text(encoding="ascii")) if file.exists() else None

    def settle_port(self) -> int:
        """Keep the port of last time if it is free, else choose and note another."""
        port = self.port()
        if port is None or not is_free(port):
            port = next(candidate for candidate in _shuffled_ports() if is_free(candidate))
            self._write("port", str(port))
        return port

    def server_command(self, port: int) -> list[str]:
        """Return the command line that runs this cluster."""
        settings = {**SETTINGS, "port": str(port), **self.overrides}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [self.programs.path("postgres"), "-D", str(self.files), *options]

    def log_tail(self, lines: int = 5) -> str:
        """Return the last lines Postgres wrote about itself."""
        log = self.place.folder / "server.log"
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return " | ".join(text.splitlines()[-lines:])

    def _write(self, name: str, text: str) -> Path:
        """Replace a small private file at once, never half."""
        final, half = self.place.folder / name, self.place.folder / f"{name}.part"
        half.unlink(missing_ok=True)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if self.place.user is not None:
            os.chown(half, self.place.user, self.place.user)
        half.replace(final)
        return final

    def _run_initdb(self, target: Path, password_file: Path) -> None:
        command = [
            *(self.programs.path("initdb"), "-D", str(target), "-U", SUPERUSER, "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--auth=scram-sha-256", f"--pwfile={password_file}"),
        ]
        user = self.place.user
        try:
            subprocess.run(  # noqa: S603 - a command of our own making, without a shell
                command,
                check=True,
                capture_output=True,
                text=True,
                cwd="/",
                env=quiet_environment(),
                user=user,
                group=user,
                extra_groups=None if user is None else (),
            )
        except (OSError, subprocess.CalledProcessError) as exc:
            reason = getattr(exc, "stderr", None) or str(exc)
            raise ConfigRefused(
                f"the embedded Postgres could not be set up: {reason.strip()}", code="embedded_postgres_failed"
            ) from exc


def is_free(port: int) -> bool:
    """Say whether nothing listens on the loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def quiet_environment() -> dict[str, str]:
    """Return an environment in which no locale, proxy or PG* variable of ours changes what Postgres does."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _shuffled_ports() -> list[int]:
    return secrets.SystemRandom().sample(PORTS, len(PORTS))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
