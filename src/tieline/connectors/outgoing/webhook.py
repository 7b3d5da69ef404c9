"""One signed message to a subscriber: Standard Webhooks 1.0.0 (standardwebhooks.com, read 2026-11).

The id stays the same however often a message is sent, the time and the signatures are those of the sending.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from standardwebhooks import Webhook

from tieline.connectors.answers.outcome import wait_seconds
from tieline.connectors.wire.messages import Incoming, Outgoing, Wire
from tieline.domain.errors import ConnectorError, VendorMisconfigured, VendorThrottled, VendorUnavailable
from tieline.kit.deadline import Deadline

GONE: Final = "receiver_gone"
_THROTTLED: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Message:
    """`secrets`: `whsec_…` each, the newest first; the receiver may still hold an older one."""

    url: str
    id: str
    body: str
    secrets: Sequence[str]

    def __repr__(self) -> str:
        return f"<Message {self.id}>"


async def post(wire: Wire, message: Message, *, at: datetime, deadline: Deadline) -> None:
    """Send a message, signed as of `at`. Raises: ConnectorError: whatever is no 2xx; VendorMisconfigured `GONE` for a 410."""
    outgoing = Outgoing("POST", message.url, headers=signed(message, at=at), body=message.body.encode(), keyed=True)
    error = judge(await wire.send(outgoing, deadline=deadline), at=at)
    if error is not None:
        raise error


def signed(message: Message, *, at: datetime) -> dict[str, str]:
    """Return the headers: one signature for each secret."""
    signatures = [Webhook(secret).sign(message.id, at, message.body) for secret in message.secrets]
    return {
        "content-type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def judge(answer: Incoming, *, at: datetime) -> ConnectorError | None:
    """Say what an answer means; None: the message was taken.

    A refusal is sent again like a failure: receivers answer 400 to 404 while they are being deployed.
    """
    status, headers = answer.status, answer.headers
    if status in range(200, 300):
        return None
    if status == HTTPStatus.GONE:
        return VendorMisconfigured("the receiver says that it is no more", code=GONE)
    if status in range(300, 400):
        return VendorMisconfigured("the receiver is somewhere else; redirects are not followed", code="receiver_moved")
    if status in _THROTTLED:
        return VendorThrottled(f"status {status}", retry_after_s=_wait_s(headers, at))
    if status in range(400, 500):
        return VendorUnavailable(f"status {status}", code="receiver_refused")
    return VendorUnavailable(f"status {status}", retry_after_s=_wait_s(headers, at))


def _wait_s(headers: Mapping[str, str], at: datetime) -> float | None:
    wish = headers.get("retry-after")
    return wait_seconds(wish, unit="s", now=at) if wish else None
