"""How the people of the demo reach what runs in it: JSON over loopback, and a shrug where nobody answers."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

_WITHIN_S: Final = 5.0


def ask(url: str, body: Mapping[str, Any] | None = None, *, key: str = "") -> Mapping[str, Any]:
    """Get an address, or post `body` to it under an idempotency key; empty: no answer, or a refusal. Blocks."""
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    request = urllib.request.Request(  # noqa: S310 - loopback, built by ourselves
        url, data=json.dumps(body).encode() if body is not None else None, headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=_WITHIN_S) as answer:  # noqa: S310 - likewise
            told: Mapping[str, Any] = json.load(answer)
            return told
    except (urllib.error.URLError, TimeoutError):
        return {}
