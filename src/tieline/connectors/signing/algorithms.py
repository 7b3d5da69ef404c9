"""The primitives by name: hashes, keyed hashes, encodings, escapes. A new one is one more row; nothing else changes."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Final
from urllib.parse import quote, quote_plus

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

Bytes = Callable[[bytes], bytes]


def _sm3(text: bytes) -> bytes:
    """GB/T 32905-2016. From cryptography, because not every Python's OpenSSL carries it."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(text)
    return digest.finalize()


def _hmac_sm3(key: bytes, text: bytes) -> bytes:
    mac = HMAC(key, hashes.SM3())
    mac.update(text)
    return mac.finalize()


def _hmac_by(name: str) -> Callable[[bytes, bytes], bytes]:
    return lambda key, text: hmac.digest(key, text, name)


# MD5 and SHA-1 are here because vendors sign with them; nothing of ours relies on either.
HASHES: Final[Mapping[str, Bytes]] = {
    "md5": lambda text: hashlib.md5(text, usedforsecurity=False).digest(),
    "sha1": lambda text: hashlib.sha1(text, usedforsecurity=False).digest(),
    "sha256": lambda text: hashlib.sha256(text).digest(),
    "sha512": lambda text: hashlib.sha512(text).digest(),
    "sm3": _sm3,
}
MACS: Final[Mapping[str, Callable[[bytes, bytes], bytes]]] = {
    **{name: _hmac_by(name) for name in ("md5", "sha1", "sha256", "sha512")},
    "sm3": _hmac_sm3,
}
ENCODINGS: Final[Mapping[str, Bytes]] = {
    "text": lambda raw: raw,
    "raw": lambda raw: raw,
    "hex": binascii.hexlify,
    "HEX": lambda raw: binascii.hexlify(raw).upper(),
    "base64": base64.b64encode,
    "base64url": lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"="),
}
READINGS: Final[Mapping[str, Bytes]] = {
    "base64": lambda text: base64.b64decode(text, validate=True),
    "hex": binascii.unhexlify,
}


def form_escape(text: str | bytes) -> str:
    """Escape as Java's URLEncoder and browsers' forms do: a space is `+`, `*` stays, `~` does not."""
    return quote_plus(text, safe="*").replace("~", "%7E")


# rfc3986 escapes all but letters, digits and -._~ in upper-case hex; path leaves the slashes.
ESCAPES: Final[Mapping[str, Callable[[str | bytes], str]]] = {
    "rfc3986": lambda text: quote(text, safe=""),
    "path": lambda text: quote(text, safe="/"),
    "form": form_escape,
    "none": lambda text: text if isinstance(text, str) else text.decode(errors="replace"),
}


def mixed(text: bytes, key: bytes) -> bytes:
    """Return the exclusive or of each byte with the key, which is repeated."""
    return bytes(one ^ other for one, other in zip(text, cycle(key), strict=False))


def equal(given: str | bytes, expected: str | bytes) -> bool:
    """Compare in constant time."""
    first, second = (text if isinstance(text, bytes) else text.encode(errors="surrogateescape") for text in (given, expected))
    return hmac.compare_digest(first, second)
