"""How the simulated systems tell others of changes: a signed push to every address that asked, again a few times if it fails."""

import asyncio
import base64
import hashlib
import hmac
import ssl
from collections.abc import Callable, Mapping
from typing import Final

import httpx

_AGAIN_S: Final = (0.0, 0.2, 1.0, 5.0)
_TIMEOUT_S: Final = 5.0

Sign = Callable[[bytes, str, str], Mapping[str, str]]
"""Body, moment and secret → the headers that prove the sender."""


class Hooks:
    """The addresses one system tells. Pushes are tasks of their own: no caller of the system waits for a listener."""

    def __init__(self, secret: str, sign: Sign, *, content_type: str, seconds: Callable[[], float]) -> None:
        self._secret, self._sign, self._content_type, self._seconds = secret, sign, content_type, seconds
        self._targets: set[str] = set()
        self._pushes: set[asyncio.Task[None]] = set()
        self._tls = ssl.create_default_context()  # Once: reading the world's certificates holds everybody up for 40 ms.

    def subscribe(self, url: str) -> None:
        """Tell this address from now on."""
        self._targets.add(url)

    def tell(self, body: bytes) -> None:
        """Push to everybody who asked."""
        for url in self._targets:
            push = asyncio.get_running_loop().create_task(self._push(url, body))
            self._pushes.add(push)
            push.add_done_callback(self._pushes.discard)

    async def _push(self, url: str, body: bytes) -> None:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False, verify=self._tls) as client:
            for wait_s in _AGAIN_S:
                await asyncio.sleep(wait_s)
                headers = {"Content-Type": self._content_type, **self._sign(body, str(int(self._seconds())), self._secret)}
                try:
                    answer = await client.post(url, content=body, headers=headers)
                except httpx.HTTPError:
                    continue
                if answer.is_success:
                    return


def lotus_signature(body: bytes, moment: str, secret: str) -> Mapping[str, str]:
    """Sign as Lotus does: HMAC-SHA256 in hex over moment, a full stop and the body."""
    digest = hmac.digest(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hex()
    return {"X-Lotus-Timestamp": moment, "X-Lotus-Signature": f"sha256={digest}"}


def willow_signature(body: bytes, _moment: str, secret: str) -> Mapping[str, str]:
    """Sign as Willow does: HMAC-SHA256 in base64 over the body alone."""
    digest = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    return {"X-Willow-Digest": digest}
