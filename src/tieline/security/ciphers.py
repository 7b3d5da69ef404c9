"""The two ciphers a key may be for: AES-256-GCM, and SM4-GCM for whoever must use the Chinese standards.

Sources: NIST SP 800-38D; GB/T 32907-2016 (SM4) in GCM as in RFC 8998, appendix A.1, whose vector is in the tests. Both are the
library's own (OpenSSL); nothing is put together here but the tag.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SM4: Final = "sm4:"
"""What a line of the key file begins with if its key is for SM4."""
AES_KEY_BYTES: Final = 32
SM4_KEY_BYTES: Final = 16
TAG_BYTES: Final = 16


class Aead(Protocol):
    """Encrypts and authenticates. `decrypt` raises InvalidTag."""

    def encrypt(self, nonce: bytes, plain: bytes, place: bytes) -> bytes:
        """Return ciphertext and tag."""

    def decrypt(self, nonce: bytes, sealed: bytes, place: bytes) -> bytes:
        """Return what was encrypted. Raises: InvalidTag: another key, another place, or it was altered."""


class Sm4Gcm:
    """SM4 in GCM, in the shape of the library's `AESGCM`."""

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, plain: bytes, place: bytes) -> bytes:
        """Return ciphertext and tag."""
        working = Cipher(self._key, modes.GCM(nonce)).encryptor()
        working.authenticate_additional_data(place)
        return working.update(plain) + working.finalize() + working.tag

    def decrypt(self, nonce: bytes, sealed: bytes, place: bytes) -> bytes:
        """Return what was encrypted. Raises: InvalidTag."""
        if len(sealed) < TAG_BYTES:
            raise InvalidTag
        working = Cipher(self._key, modes.GCM(nonce, sealed[-TAG_BYTES:])).decryptor()
        working.authenticate_additional_data(place)
        return working.update(sealed[:-TAG_BYTES]) + working.finalize()


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """One key and what it is for. Does not show when it is printed."""

    key: bytes
    sm4: bool = False

    @classmethod
    def parse(cls, line: str) -> "Key":
        """Read a line of the key file. Raises: ValueError: no base64, or not as long as its cipher wants."""
        sm4 = line.startswith(SM4)
        try:
            key = base64.b64decode(line.removeprefix(SM4), validate=True)
        except binascii.Error as exc:
            raise ValueError(line[:0]) from exc
        if len(key) != (SM4_KEY_BYTES if sm4 else AES_KEY_BYTES):
            message = "a key of another length"
            raise ValueError(message)
        return cls(key, sm4)

    @property
    def line(self) -> str:
        """Return it as the key file holds it."""
        return (SM4 if self.sm4 else "") + base64.b64encode(self.key).decode()

    @property
    def cipher(self) -> Aead:
        """Return the cipher at work with this key."""
        return Sm4Gcm(self.key) if self.sm4 else AESGCM(self.key)

    def __repr__(self) -> str:
        return "<key>"
