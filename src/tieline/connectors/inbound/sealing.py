"""The envelope in which four Chinese platforms send and expect text: encrypted, with the receiver's id inside.

Sources: the vendors' pages on callbacks (WeCom 90968, WeChat, DingTalk, Yonyou corp-demo), read 2026-11; only names differ.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tieline.connectors.language.templates import constant_text
from tieline.connectors.manifest.inbound_reply import Sealing
from tieline.domain.errors import VendorMisconfigured

Entropy = Callable[[int], bytes]
_BLOCK: Final = 32
_RANDOM: Final = 16
_LENGTH: Final = 4
_KEY_CHARACTERS: Final = 43


class SealBroken(ValueError):
    """Not sealed with this key for this receiver. One error for every cause, so that it tells nothing about the key."""


class Seal:
    """Opens and seals with one key for one receiver. `entropy` gives random bytes."""

    def __init__(self, key: bytes, receiver: str, entropy: Entropy) -> None:
        self._key = key
        self._receiver = receiver.encode()
        self._entropy = entropy

    def open(self, sealed: str) -> bytes:
        """Return the text inside. Raises: SealBroken."""
        try:
            encrypted = base64.b64decode(sealed.replace(" ", "+"), validate=True)
            decryptor = self._cipher().decryptor()
            padded = decryptor.update(encrypted) + decryptor.finalize()
        except (binascii.Error, ValueError) as exc:
            raise SealBroken from exc
        plain = _unpadded(padded)
        length = int.from_bytes(plain[_RANDOM : _RANDOM + _LENGTH], "big")
        text = plain[_RANDOM + _LENGTH : _RANDOM + _LENGTH + length]
        if len(text) != length or not hmac.compare_digest(plain[_RANDOM + _LENGTH + length :], self._receiver):
            raise SealBroken
        return text

    def seal(self, text: str) -> str:
        """Return the sealed text in base64."""
        raw = text.encode()
        plain = self._entropy(_RANDOM) + len(raw).to_bytes(_LENGTH, "big") + raw + self._receiver
        filling = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([filling]) * filling) + encryptor.finalize()).decode()

    def _cipher(self) -> Cipher[CBC]:
        return Cipher(AES(self._key), CBC(self._key[:16]))


def _unpadded(padded: bytes) -> bytes:
    filling = padded[-1] if padded else 0
    if not 1 <= filling <= _BLOCK or padded[-filling:] != bytes([filling]) * filling:
        raise SealBroken
    return padded[:-filling]


def compile_seal(sealing: Sealing | None, config: Mapping[str, Any], entropy: Entropy) -> Seal | None:
    """Return the seal of one connection; None: nothing is sealed. Raises: VendorMisconfigured: no key, or no receiver."""
    written = constant_text(sealing.key, config) if sealing else ""
    if sealing is None or not written:
        return None
    receiver = constant_text(sealing.receiver, config)
    if not receiver:
        raise VendorMisconfigured("what is sealed is sealed for a receiver; its id is empty", code="secret_missing")
    return Seal(_key(written, sealing.key_form), receiver, entropy)


def _key(written: str, form: str) -> bytes:
    text = written.replace("-", "")[:_KEY_CHARACTERS].ljust(_KEY_CHARACTERS, "0") if form == "secret" else written.strip()
    try:
        key = base64.b64decode(f"{text}=", validate=True)
    except binascii.Error as exc:
        raise VendorMisconfigured("the key is not base64") from exc
    if len(text) != _KEY_CHARACTERS:
        detail = f"the key has {len(text)} characters; it must have {_KEY_CHARACTERS}"
        raise VendorMisconfigured(detail)
    return key
