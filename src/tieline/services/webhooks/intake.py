"""Take in what another system tells: verified over the raw bytes, kept, answered. It is read later, by a worker."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tieline.connectors.inbound.request import Admission, InboundRequest, Reply
from tieline.domain.errors import NotFound, VendorMisconfigured
from tieline.kit.ids import time_ordered_id
from tieline.observability.metrics import SECURITY_EVENTS, WEBHOOKS
from tieline.services.inbound_refusals import NOT_PROVEN, refusal_of
from tieline.services.live_directory import LiveDirectory
from tieline.services.webhooks.spooling import SpooledInbox
from tieline.store.inbox import Arrival

KIND: Final = "event"
_PSEUDO: Final = ":"
"""What is no header but must be kept with them is named like HTTP/2's pseudo headers, as no header can be."""


@dataclass(frozen=True, slots=True)
class WebhookDoor:
    """What the door works with."""

    directory: LiveDirectory
    inbox: SpooledInbox


async def take_in(door: WebhookDoor, name: str, request: InboundRequest, *, now: datetime) -> Reply:
    """Keep what arrived for a connection and return what its sender is told.

    What is authentic is always kept and always thanked for, whether or not it can be used. Raises: NotFound: no such connection,
    or it takes no events. NotSignedIn: the proof is missing, wrong or stale. BodyMalformed: what no sender of this kind sends.
    Overloaded: it could not be kept; the sender should come again.
    """
    admission = _admitted(door.directory, name, request)
    if admission.kept is None:
        if admission.challenge:
            WEBHOOKS.labels(name, "challenge").inc()
        return admission.reply
    effect = await door.inbox.keep(arrival_of(name, admission.kept, admission.dedupe_key, now=now))
    WEBHOOKS.labels(name, effect).inc()
    return admission.reply


def arrival_of(connection: str, request: InboundRequest, dedupe_key: str | None, *, now: datetime, kind: str = KIND) -> Arrival:
    """Return a request as it is kept."""
    pseudo = {":method": request.method, ":query": request.query, ":peer": request.peer, ":content-type": request.content_type}
    headers = {name: value.replace("\0", "") for name, value in {**request.headers, **pseudo}.items()}
    return Arrival(
        id=UUID(time_ordered_id(now)),
        connection=connection,
        dedupe_key=_plain(dedupe_key) if dedupe_key else time_ordered_id(now),
        kind=kind,
        body=request.body,
        received_at=now,
        headers=headers,
    )


def request_of(headers: Mapping[str, str], body: bytes) -> InboundRequest:
    """Return the request a kept one was."""
    return InboundRequest(
        method=headers.get(":method", "POST"),
        headers={name: value for name, value in headers.items() if not name.startswith(_PSEUDO)},
        query=headers.get(":query", ""),
        content_type=headers.get(":content-type", ""),
        body=body,
        peer=headers.get(":peer", ""),
    )


def _admitted(directory: LiveDirectory, name: str, request: InboundRequest) -> Admission:
    connection = directory.now.connections.get(name)
    if connection is None:
        raise NotFound
    try:
        admission = connection.admit(request)
    except VendorMisconfigured as exc:
        raise NotFound from exc
    if admission.refused is None:
        return admission
    WEBHOOKS.labels(name, "refused").inc()
    if admission.refused in NOT_PROVEN:
        SECURITY_EVENTS.labels(f"webhook_{admission.refused}").inc()
    if admission.reply.body:
        return admission  # A refusal in the sender's own words: a SOAP fault.
    raise refusal_of(admission.refused)


def _plain(key: str) -> str:
    """Return a sender's id as it can be stored; one with characters no database takes is told apart by its digest."""
    return key if key.isprintable() else f"sha256:{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()}"
