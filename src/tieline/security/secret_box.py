"""Seals what must be kept and not be read: each secret under a data key of its own, and that under a key outside the database.

So a copy of the database alone opens nothing, and a new outer key wraps the data keys anew without touching what they seal. Both
layers are bound to the place the secret belongs to, so that it cannot be moved to another. A sealed secret:

    0 · version of the outer key · nonce · data key, wrapped · nonce · ciphertext and tag

What was sealed before there were data keys begins with its version instead of 0, and still opens.
Source: NIST SP 800-38D (96-bit nonces chosen at random; at most 2^32 per key, far beyond any number of secrets).
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tieline.domain.errors import ConfigRefused
from tieline.security import key_file as key_files
from tieline.security.ciphers import AES_KEY_BYTES, TAG_BYTES, Key

NONCE_BYTES: Final = 12
_ENVELOPE: Final = 0
_FOR_KEY: Final = b"key"


class KeyKeeper(Protocol):
    """Keeps the outer keys and works with them: a file here; a KMS where one is to be used.

    `wrap` returns the version it used. `unwrap` raises KeyError for a version it does not have, InvalidTag for what is not
    its own.
    """

    @property
    def latest(self) -> int:
        """Return the version that wraps now."""

    def wrap(self, data_key: Key, place: bytes) -> tuple[int, bytes]:
        """Return version, and nonce and wrapped data key."""

    def unwrap(self, version: int, wrapped: bytes, place: bytes) -> Key:
        """Return the data key."""

    def wrapped_bytes(self, version: int) -> int:
        """Return how long what that version wraps is. Raises: KeyError."""

    def open_old(self, version: int, nonce: bytes, ciphertext: bytes, place: bytes) -> bytes:
        """Open what a version sealed itself, before there were data keys."""

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for another use; they outlive rotations, which only add keys."""

    def new_data_key(self) -> Key:
        """Return a data key for the cipher of the latest key."""


class KeysAtHand:
    """Keys by version in this process's memory. `reload` looks again where they came from, when a newer one is asked for."""

    def __init__(self, keys: Mapping[int, Key], *, reload: Callable[[], Mapping[int, Key]] | None = None) -> None:
        self._keys = dict(keys)
        self._reload = reload
        self._root = keys[min(keys)]

    @property
    def latest(self) -> int:
        """Return the highest version."""
        return max(self._keys)

    def wrap(self, data_key: Key, place: bytes) -> tuple[int, bytes]:
        """Wrap with the highest version."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self.latest, nonce + self._keys[self.latest].cipher.encrypt(nonce, data_key.key, place)

    def unwrap(self, version: int, wrapped: bytes, place: bytes) -> Key:
        """Unwrap with the version that wrapped."""
        key = self._of(version)
        return Key(key.cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], place), key.sm4)

    def wrapped_bytes(self, version: int) -> int:
        """Nonce, a key as long as its cipher wants, tag."""
        return NONCE_BYTES + len(self._of(version).key) + TAG_BYTES

    def open_old(self, version: int, nonce: bytes, ciphertext: bytes, place: bytes) -> bytes:
        """Open with the key itself."""
        return self._of(version).cipher.decrypt(nonce, ciphertext, place)

    def derive(self, purpose: str) -> bytes:
        """Derive from the oldest key. HKDF, RFC 5869; with SM3 (GB/T 32905) where that key is for SM4."""
        digest = hashes.SM3() if self._root.sm4 else hashes.SHA256()
        return HKDF(digest, AES_KEY_BYTES, salt=None, info=purpose.encode()).derive(self._root.key)

    def new_data_key(self) -> Key:
        """Make one by chance."""
        return key_files.new_key(sm4=self._keys[self.latest].sm4)

    def _of(self, version: int) -> Key:
        if version not in self._keys and self._reload is not None:
            self._keys = dict(self._reload())  # Rotated while we were running.
        return self._keys[version]


@dataclass(frozen=True, slots=True)
class _Parts:
    """A sealed secret taken apart."""

    version: int
    wrapped: bytes
    sealed: bytes


class SecretBox:
    """Seals and opens with whatever keeps the outer keys."""

    def __init__(self, keys: Mapping[int, bytes] | KeyKeeper) -> None:
        self._keeper: KeyKeeper = (
            KeysAtHand({version: Key(key) for version, key in keys.items()}) if isinstance(keys, Mapping) else keys
        )

    @classmethod
    def open(cls, key_file: Path) -> Self:
        """Open with a key file; see `tieline.security.key_file`. Raises: ConfigRefused."""
        return cls(KeysAtHand(key_files.read_or_make(key_file), reload=lambda: key_files.read_or_make(key_file)))

    def seal(self, secret: str, *, connection: str, field: str) -> bytes:
        """Return a secret sealed for one field of one connection, under a data key of its own."""
        place = _place(connection, field)
        data_key = self._keeper.new_data_key()
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self._wrapped(data_key, place) + nonce + data_key.cipher.encrypt(nonce, secret.encode(), place)

    def unseal(self, sealed: bytes, *, connection: str, field: str) -> str:
        """Return the secret. Raises: ConfigRefused: its key is gone, or it was altered or belongs elsewhere."""
        place = _place(connection, field)
        try:
            if sealed[:1] != bytes([_ENVELOPE]):
                return self._unseal_old(sealed, place).decode()
            parts = self._parts(sealed)
            data_key = self._keeper.unwrap(parts.version, parts.wrapped, place + _FOR_KEY)
            return data_key.cipher.decrypt(parts.sealed[:NONCE_BYTES], parts.sealed[NONCE_BYTES:], place).decode()
        except InvalidTag as exc:
            raise ConfigRefused("a stored secret does not open with the key it names", code="secret_unreadable") from exc
        except KeyError as exc:
            version = self.version_of(sealed)
            raise ConfigRefused(
                f"key {version} that sealed this secret is not in the key file", code="secret_key_missing"
            ) from exc

    def rewrap(self, sealed: bytes, *, connection: str, field: str, new_data_key: bool = False) -> bytes:
        """Return the secret under the newest outer key; also under a new data key, if wished. Raises: as `unseal`."""
        if new_data_key or sealed[:1] != bytes([_ENVELOPE]):
            return self.seal(self.unseal(sealed, connection=connection, field=field), connection=connection, field=field)
        self.unseal(sealed, connection=connection, field=field)  # What does not open is not given a new key.
        parts, place = self._parts(sealed), _place(connection, field)
        data_key = self._keeper.unwrap(parts.version, parts.wrapped, place + _FOR_KEY)
        return self._wrapped(data_key, place) + parts.sealed

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for another use of the outer keys; they outlive rotations, which only add keys."""
        return self._keeper.derive(purpose)

    def is_current(self, sealed: bytes) -> bool:
        """Say whether a data key under the newest outer key seals this."""
        return sealed[:1] == bytes([_ENVELOPE]) and self.version_of(sealed) == self._keeper.latest

    @staticmethod
    def version_of(sealed: bytes) -> int:
        """Return the version of the outer key that a sealed secret names. Raises: ConfigRefused: it is cut short."""
        named = sealed[1:2] if sealed[:1] == bytes([_ENVELOPE]) else sealed[:1]
        if not named:
            raise ConfigRefused("a stored secret is cut short", code="secret_unreadable")
        return named[0]

    def _wrapped(self, data_key: Key, place: bytes) -> bytes:
        version, wrapped = self._keeper.wrap(data_key, place + _FOR_KEY)
        return bytes([_ENVELOPE, version]) + wrapped

    def _parts(self, sealed: bytes) -> _Parts:
        version = self.version_of(sealed)
        begins = 2 + self._keeper.wrapped_bytes(version)
        if len(sealed) < begins + NONCE_BYTES + TAG_BYTES:
            raise ConfigRefused("a stored secret is cut short", code="secret_unreadable")
        return _Parts(version, sealed[2:begins], sealed[begins:])

    def _unseal_old(self, sealed: bytes, place: bytes) -> bytes:
        if len(sealed) <= NONCE_BYTES:
            raise ConfigRefused("a stored secret is cut short", code="secret_unreadable")
        version, nonce, ciphertext = sealed[0], sealed[1 : NONCE_BYTES + 1], sealed[NONCE_BYTES + 1 :]
        return self._keeper.open_old(version, nonce, ciphertext, place + bytes([version]))


def _place(connection: str, field: str) -> bytes:
    """Return the additional data. Lengths go first, so that no two places read alike."""
    parts = (connection.encode(), field.encode())
    return b"".join(len(part).to_bytes(4) + part for part in parts)
