"""Places in a list, handed out as opaque text and signed, so that only places we named come back.

Behaviour: bad-input row B37. A cursor is good for one list, one day.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from tieline.domain.errors import BodyMalformed

LIFE: Final = timedelta(days=1)
_SEAL_BYTES: Final = 16


class Cursors:
    """Makes and reads cursors under one key, which all replicas share."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, kind: str, place: Sequence[Any], *, now: datetime) -> str:
        """Return the text for a place in the list `kind`."""
        said = orjson.dumps([int(now.timestamp()), *place])
        return base64.urlsafe_b64encode(self._seal(kind, said) + said).decode().rstrip("=")

    def read(self, kind: str, text: str | None, *, now: datetime) -> list[Any] | None:
        """Return the place; None for no text. Raises: BodyMalformed: not ours, not for this list, or too old."""
        if text is None:
            return None
        whole = _bytes_of(text)
        seal, said = whole[:_SEAL_BYTES], whole[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(kind, said)):
            raise BodyMalformed(code="cursor_invalid")
        written_at: int
        place: list[Any]
        written_at, *place = orjson.loads(said)
        if now.timestamp() - written_at > LIFE.total_seconds():
            raise BodyMalformed(code="cursor_invalid")
        return place

    def _seal(self, kind: str, said: bytes) -> bytes:
        return hmac.digest(self._key, kind.encode() + b"\x1f" + said, hashlib.sha256)[:_SEAL_BYTES]


def _bytes_of(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as exc:
        raise BodyMalformed(code="cursor_invalid") from exc
