"""The form of an API key: `tl_<id>_<secret>`, 256 random bits, of which only the SHA-256 is kept."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

KEY_SHAPE: Final = re.compile(r"tl_([a-z2-7]{12})_([A-Za-z0-9_-]{43})")
KEY_IN_TEXT: Final = re.compile(r"tl_([a-z2-7]{12})_[A-Za-z0-9_-]{20}")
_ID_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """A key as somebody sent it. The digest is what is stored and compared; the secret goes no further."""

    id: str
    digest: bytes

    def fits(self, stored_digest: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.digest, stored_digest)


def mint() -> tuple[str, PresentedKey]:
    """Return a new key's whole text, to be shown once, and what may be kept of it."""
    key_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    return f"tl_{key_id}_{secret}", PresentedKey(id=key_id, digest=_digest(secret))


def read_key(text: str) -> PresentedKey | None:
    """Read a key's text; None: it has not the form of one."""
    shape = KEY_SHAPE.fullmatch(text)
    return PresentedKey(id=shape[1], digest=_digest(shape[2])) if shape else None


def key_id_within(text: str) -> str | None:
    """Return the id of a key that appears somewhere in `text`, where none belongs (a URL); None: there is none."""
    found = KEY_IN_TEXT.search(text)
    return found[1] if found else None


def key_within(text: str) -> PresentedKey | None:
    """Return a whole key that appears somewhere in `text`; None: there is none."""
    found = KEY_SHAPE.search(text)
    return PresentedKey(id=found[1], digest=_digest(found[2])) if found else None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
