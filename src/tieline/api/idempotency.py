"""The header `Idempotency-Key`: who asks, under which key, and what is asked (bad-input rows B41 to B43)."""

import hashlib
import re
from typing import Annotated, Final

from fastapi import Header, Request

from tieline.domain.errors import BodyMalformed
from tieline.security.permissions import Caller
from tieline.services.idempotency import KeyedRequest

LONGEST_KEY: Final = 255
REPLAYED: Final = "Idempotent-Replay"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
PROBLEMS: Final = {
    400: "`Idempotency-Key` is missing, longer than 255 characters, or not printable ASCII: `idempotency_key`.",
    409: "The same request is being carried out; come back in a second: `idempotency_in_progress`.",
    422: "The key belongs to another request: `idempotency_key_reused`; or the body does not fit: `field_required` …",
}

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Required. One key for one request, however often it is sent; kept 48 hours.",
        examples=["9d1c1c1e-3b5f-4a53-8f0e-2f7a1c6f9a10"],
    ),
]


async def keyed(request: Request, key: str | None, caller: Caller) -> KeyedRequest:
    """Return the request as one that is carried out once. Raises: BodyMalformed: no usable key."""
    if key is None or not _KEY.fullmatch(key):
        raise BodyMalformed("Send an Idempotency-Key of 1 to 255 printable characters.", code="idempotency_key")
    said = request.method.encode() + b" " + request.url.path.encode() + b"\n" + await request.body()
    return KeyedRequest(caller.actor, key, hashlib.sha256(said).digest())
