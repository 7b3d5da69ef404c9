"""A real Tryton ERP of this test run's own: packages and an empty database from a cache, served on loopback, then thrown away."""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

PACKAGES: Final = ("trytond==8.2.*", "trytond_party==8.2.*", "trytond_sale==8.2.*", "phonenumbers>=9")
MODULES: Final = ("party", "sale")
DATABASE: Final = "erp"
PASSWORD: Final = "an-invented-password"
INSTALL_LIMIT_S: Final = 150
START_LIMIT_S: Final = 30


class TrytonUnavailable(Exception):
    """The packages cannot be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class TrytonAddress:
    """Where the server answers."""

    base_url: str
    database: str = DATABASE


@contextmanager
def tryton_server(folder: Path) -> Iterator[TrytonAddress]:
    """Serve a fresh database kept in `folder` while the block lasts. Raises: TrytonUnavailable."""
    cache = _prepared_cache()
    port = _free_port()
    shutil.copyfile(cache / f"{DATABASE}.sqlite", folder / f"{DATABASE}.sqlite")
    configuration = _configuration(folder, port)
    with (folder / "trytond.log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 - the command is ours
            [cache / "venv/bin/trytond", "-c", configuration, "-d", DATABASE], stdout=log, stderr=log, env=_environment()
        )
    try:
        address = TrytonAddress(f"http://127.0.0.1:{port}")
        _wait_until_ready(server, address, folder / "trytond.log")
        yield address
    finally:
        server.kill()  # The database is thrown away with the folder: nothing is worth a graceful end.
        server.wait()


def _prepared_cache() -> Path:
    """Return the folder that holds the packages and an empty database, made once for each set of versions."""
    key = hashlib.sha256(repr((PACKAGES, MODULES, sys.version_info[:2])).encode()).hexdigest()[:12]
    base = Path(os.environ.get("TIELINE_LIVE_CACHE") or Path.home() / ".cache/tieline-live")
    cache = base / f"tryton-{key}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (cache / "ready").exists():
            _install(cache)
            _make_database(cache)
            (cache / "ready").touch()
    return cache


def _install(cache: Path) -> None:
    environment = cache / "venv"
    shutil.rmtree(environment, ignore_errors=True)
    if importlib.util.find_spec("uv"):
        uv = [sys.executable, "-m", "uv"]
        _run([*uv, "venv", "-q", "--python", sys.executable, str(environment)])
        _run([*uv, "pip", "install", "-q", "--python", str(environment / "bin/python"), *PACKAGES])
    else:
        _run([sys.executable, "-m", "venv", str(environment)])
        _run([str(environment / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES])


def _make_database(cache: Path) -> None:
    """Let Tryton create its tables and activate the modules; that takes twenty seconds, so it is done once."""
    database = cache / f"{DATABASE}.sqlite"
    database.unlink(missing_ok=True)
    database.touch()
    password_file = cache / "password"
    password_file.write_text(PASSWORD)
    admin = [str(cache / "venv/bin/trytond-admin"), "-c", str(_configuration(cache, 0)), "-d", DATABASE]
    _run([*admin, "--all", "--email", "admin@tieline.example"], TRYTONPASSFILE=str(password_file))
    _run([*admin, "-u", *MODULES, "--activate-dependencies"])


def _run(command: list[str], **environment: str) -> None:
    """Run one step of the preparation. Raises: TrytonUnavailable: it failed or took too long."""
    try:
        subprocess.run(  # noqa: S603 - the commands are ours
            command,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=INSTALL_LIMIT_S,
            env=_environment() | environment,
        )
    except subprocess.CalledProcessError as exc:
        last_words = exc.stderr.decode(errors="replace").strip()[-600:]
        raise TrytonUnavailable(f"{Path(command[0]).name} failed: {last_words}") from exc
    except (subprocess.TimeoutExpired, OSError) as exc:
        raise TrytonUnavailable(f"{Path(command[0]).name}: {type(exc).__name__}") from exc


def _environment() -> dict[str, str]:
    """Return our environment without what would lead another Python astray."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS"}}


def _configuration(folder: Path, port: int) -> Path:
    file = folder / "trytond.conf"
    file.write_text(
        f"[web]\nlisten = 127.0.0.1:{port}\n[database]\nuri = sqlite://\npath = {folder}\nlanguage = en\n[session]\nsuper_pwd =\n"
    )
    return file


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(server: subprocess.Popen[bytes], address: TrytonAddress, log: Path) -> None:
    question = {"id": 0, "method": "common.server.version", "params": []}
    give_up_at = time.monotonic() + START_LIMIT_S
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < give_up_at and server.poll() is None:
            try:
                client.post(f"{address.base_url}/rpc/", json=question).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return
    raise AssertionError(f"trytond did not start: {log.read_text(errors='replace')[-600:]}")
