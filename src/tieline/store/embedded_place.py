"""Which folder the embedded Postgres lives in and which user it runs as.

Postgres refuses to run as root. Started by root, it runs as uid 65534 ("nobody") in a folder that user owns. The folders
above are never changed, so if that user cannot walk through them (a project under /root, say), the cluster is put
under /var/lib/tieline instead, and a note in the data directory says where.
"""

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from tieline.domain.errors import ConfigRefused

NOBODY = 65534
FALLBACK = Path("/var/lib/tieline")
NOTE = "postgres-is-at.txt"


@dataclass(frozen=True, slots=True)
class Place:
    """`folder` holds the cluster, its password, port, locks and log; `user` is the uid to run as, None for our own."""

    folder: Path
    user: int | None


def choose_place(data_dir: Path) -> Place:
    """Make the folder, private to the user Postgres runs as.

    Raises: ConfigRefused: there is nowhere to write, or that user has no name (initdb wants one).
    """
    _require_name(NOBODY if os.geteuid() == 0 else os.geteuid())
    try:
        return _choose(data_dir.absolute())
    except OSError as exc:
        raise ConfigRefused(
            f"the embedded Postgres cannot use {data_dir}: {exc.strerror}",
            code="data_dir_unusable",
            hint="set TIELINE_DATA_DIR to a directory you may write to",
        ) from exc


def can_walk_to(folder: Path, user: int) -> bool:
    """Say whether `user`, with the group of the same number, may pass every directory down to `folder`."""
    return all(_may_pass(step.stat(), user) for step in (folder, *folder.parents))


def _choose(data_dir: Path) -> Place:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return Place(_private(data_dir / "postgres", None), None)
    if can_walk_to(data_dir.parent, NOBODY):
        data_dir.chmod(data_dir.stat().st_mode | 0o011)
        return Place(_private(data_dir / "postgres", NOBODY), NOBODY)
    return Place(_elsewhere(data_dir), NOBODY)


def _elsewhere(data_dir: Path) -> Path:
    FALLBACK.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not can_walk_to(FALLBACK, NOBODY):
        raise ConfigRefused(
            f"run by root, the embedded Postgres needs a folder that uid {NOBODY} can reach, and {FALLBACK} is not one",
            code="data_dir_unusable",
            hint="set TIELINE_DATA_DIR to a folder outside root's home, or run as an ordinary user",
        )
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    folder = _private(FALLBACK / f"postgres-{digest}", NOBODY)
    (data_dir / NOTE).write_text(f"{folder}\n", encoding="utf-8")
    return folder


def _require_name(user: int) -> None:
    try:
        pwd.getpwuid(user)
    except KeyError as exc:
        raise ConfigRefused(
            f"the embedded Postgres cannot be set up by uid {user}, which has no name in /etc/passwd",
            code="data_dir_unusable",
            hint="run as a user who has one, or set TIELINE_DATABASE_URL",
        ) from exc


def _private(folder: Path, user: int | None) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(folder, user, user)
    folder.chmod(0o700)
    return folder


def _may_pass(facts: os.stat_result, user: int) -> bool:
    if facts.st_uid == user:
        return bool(facts.st_mode & stat.S_IXUSR)
    if facts.st_gid == user:
        return bool(facts.st_mode & stat.S_IXGRP)
    return bool(facts.st_mode & stat.S_IXOTH)
