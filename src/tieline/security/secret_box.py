"""Seals the secrets of connections before they are stored: AES-256-GCM, bound to the place they belong to.

The key lies in a file outside the database, so a copy of the database alone opens nothing. A sealed secret names its key by
one byte; the additional data bind it to its connection and field, so it cannot be moved to another place.
Source: NIST SP 800-38D (96-bit nonces chosen at random; at most 2^32 per key, far beyond any number of secrets).
"""

import base64
import binascii
import errno
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tieline.domain.errors import ConfigRefused

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
KEYS_AT_MOST: Final = 255
WITHOUT_LINKS: Final = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""How file systems without hard links refuse (some network and virtual machine shares)."""


class _Hidden:
    """A key that does not show when its owner is printed."""

    __slots__ = ("key",)

    def __init__(self, key: bytes) -> None:
        self.key = key

    def __repr__(self) -> str:
        return "<key>"


class SecretBox:
    """Keys by version, 1 upwards. The highest seals; each opens what it sealed."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._ciphers = {version: AESGCM(key) for version, key in keys.items()}
        self._latest = max(self._ciphers)
        self._oldest = _Hidden(keys[min(keys)])

    @classmethod
    def open(cls, key_file: Path) -> Self:
        """Read the keys, one per line, base64, the newest last; make the file (mode 0600) if it is missing.

        Raises: ConfigRefused: the file cannot be read or written, others may read it, or it holds no keys.
        """
        try:
            if not key_file.exists():
                _make(key_file)
            return cls(dict(enumerate(_read(key_file), start=1)))
        except OSError as exc:
            raise _refused(key_file, f"cannot be used: {exc.strerror}") from exc

    def seal(self, secret: str, *, connection: str, field: str) -> bytes:
        """Return version, nonce and ciphertext of a secret that belongs to one field of one connection."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        place = _place(connection, field, self._latest)
        return bytes([self._latest]) + nonce + self._ciphers[self._latest].encrypt(nonce, secret.encode(), place)

    def unseal(self, sealed: bytes, *, connection: str, field: str) -> str:
        """Return the secret. Raises: ConfigRefused: its key is gone, or it was altered or belongs elsewhere."""
        if len(sealed) <= NONCE_BYTES:
            raise ConfigRefused("a stored secret is cut short", code="secret_unreadable")
        version, nonce, ciphertext = sealed[0], sealed[1 : NONCE_BYTES + 1], sealed[NONCE_BYTES + 1 :]
        cipher = self._ciphers.get(version)
        if cipher is None:
            raise ConfigRefused(f"key {version} that sealed this secret is not in the key file", code="secret_key_missing")
        try:
            return cipher.decrypt(nonce, ciphertext, _place(connection, field, version)).decode()
        except InvalidTag as exc:
            raise ConfigRefused("a stored secret does not open with the key it names", code="secret_unreadable") from exc

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for another use of the key file; they outlive rotations, which only add keys. HKDF, RFC 5869."""
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(self._oldest.key)

    def is_current(self, sealed: bytes) -> bool:
        """Say whether the newest key sealed this; if not, seal it again after a rotation."""
        return sealed[0] == self._latest


def _place(connection: str, field: str, version: int) -> bytes:
    """Return the additional data. Lengths go first, so that no two places read alike."""
    parts = (connection.encode(), field.encode())
    return b"".join(len(part).to_bytes(4) + part for part in parts) + bytes([version])


def _read(key_file: Path) -> list[bytes]:
    mode = key_file.stat().st_mode
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise _refused(key_file, "must be a file only its owner may read: chmod 600")
    try:
        keys = [base64.b64decode(line, validate=True) for line in key_file.read_text(encoding="ascii").split()]
    except (UnicodeDecodeError, binascii.Error) as exc:
        raise _refused(key_file, "holds something that is not base64") from exc
    if not 0 < len(keys) <= KEYS_AT_MOST or any(len(key) != KEY_BYTES for key in keys):
        raise _refused(key_file, f"must hold one key of {KEY_BYTES} bytes per line")
    return keys


def _make(key_file: Path) -> None:
    """Write a new key aside and link it into place: of two processes that start at once, one wins and both read its key."""
    key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = key_file.with_name(f"{key_file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _link(aside, key_file)
    finally:
        aside.unlink(missing_ok=True)


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
