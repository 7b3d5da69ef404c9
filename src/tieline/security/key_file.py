"""The file of keys outside the database: one a line, the newest last, readable by its owner alone; made if it is missing."""

import errno
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tieline.domain.errors import ConfigRefused
from tieline.security.ciphers import AES_KEY_BYTES, SM4_KEY_BYTES, Key

KEYS_AT_MOST: Final = 255
WITHOUT_LINKS: Final = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""How file systems without hard links refuse (some network and virtual machine shares)."""


def read_or_make(key_file: Path) -> Mapping[int, Key]:
    """Return the keys by version, 1 upwards; make the file if it is missing.

    Raises: ConfigRefused: the file cannot be read or written, others may read it, or it holds no keys.
    """
    try:
        if not key_file.exists():
            _make(key_file, [new_key()])
        return dict(enumerate(_read(key_file), start=1))
    except OSError as exc:
        raise _refused(key_file, f"cannot be used: {exc.strerror}") from exc


def add_key(key_file: Path, *, sm4: bool = False) -> int:
    """Put a new key behind the others and return its version. Raises: ConfigRefused."""
    try:
        keys = [*_read(key_file), new_key(sm4=sm4)]
        if len(keys) > KEYS_AT_MOST:
            raise _refused(key_file, "is full")
        aside = _write_aside(key_file, keys)
        aside.replace(key_file)
    except OSError as exc:
        raise _refused(key_file, f"cannot be used: {exc.strerror}") from exc
    return len(keys)


def new_key(*, sm4: bool = False) -> Key:
    """Return a key made by chance."""
    return Key(secrets.token_bytes(SM4_KEY_BYTES if sm4 else AES_KEY_BYTES), sm4)


def _read(key_file: Path) -> list[Key]:
    mode = key_file.stat().st_mode
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise _refused(key_file, "must be a file only its owner may read: chmod 600")
    try:
        keys = [Key.parse(line) for line in key_file.read_text(encoding="ascii").split()]
    except (UnicodeDecodeError, ValueError) as exc:
        raise _refused(key_file, "must hold one key of 32 bytes in base64 per line, or sm4: and one of 16") from exc
    if not 0 < len(keys) <= KEYS_AT_MOST:
        raise _refused(key_file, "must hold at least one key")
    return keys


def _make(key_file: Path, keys: list[Key]) -> None:
    """Write a new key aside and link it into place: of two processes that start at once, one wins and both read its key."""
    key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = _write_aside(key_file, keys)
    try:
        _link(aside, key_file)
    finally:
        aside.unlink(missing_ok=True)


def _write_aside(key_file: Path, keys: list[Key]) -> Path:
    aside = key_file.with_name(f"{key_file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("".join(f"{key.line}\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    return aside


def _link(aside: Path, key_file: Path) -> None:
    try:
        key_file.hardlink_to(aside)
    except FileExistsError:
        return
    except OSError as exc:
        if exc.errno not in WITHOUT_LINKS:
            raise
        aside.rename(key_file)


def _refused(key_file: Path, reason: str) -> ConfigRefused:
    return ConfigRefused(f"the key file {key_file} {reason}", code="secret_key_unusable")
