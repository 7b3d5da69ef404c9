"""An agent's live channel as server-sent events; whoever follows it is asked who they are again and again."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from tieline.domain.errors import NotAllowed, NotSignedIn, Overloaded
from tieline.kit.clock import monotonic_s
from tieline.push.channel import Delivery
from tieline.security.declarations import Gate
from tieline.services.access import Access

KEEP_ALIVE_S: Final = 15
STUCK_AFTER_S: Final = 20.0
"""A browser that takes nothing for so long is let go; it comes back and resumes."""

ASK_AGAIN_S: Final = 30.0
"""How long a stream outlives the session or key it was opened with. Asking also tells the session that somebody is there."""

NOTICE_S: Final = 2.0
"""How soon a stream looks whether something about keys or sessions has changed, without a query; then it asks at once (S42)."""

LARGEST_POSITION: Final = 2**63 - 1

logging.getLogger("sse_starlette").setLevel(logging.INFO)
"""Its debug lines quote whole events, and with them whoever calls."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether whoever opened a stream may still follow it; `changes` counts what may have changed that."""

    still_held: Callable[[], Awaitable[bool]]
    changes: Callable[[], int]


def event_stream(deliveries: AsyncGenerator[Delivery, None], permission: Permission) -> EventSourceResponse:
    """Return the answer that sends `deliveries` for as long as the browser listens and may."""
    return EventSourceResponse(_events(deliveries, permission), ping=KEEP_ALIVE_S, send_timeout=STUCK_AFTER_S)


def allowed_to_follow(request: Request, agent: str) -> Permission:
    """Return the question whether whoever sent `request` may still follow `agent`."""
    gate: Gate = request.app.state.gate

    async def ask() -> bool:
        try:
            caller = await gate.caller_of(request)
            caller.require("pops.read")
        except (NotSignedIn, NotAllowed):
            return False
        except Overloaded:
            return True  # who it is cannot be told just now; they were allowed a moment ago
        return caller.speaks_for(agent)

    access: Access = request.app.state.access
    return Permission(ask, lambda: access.changes)


def position_in(last_event_id: str | None) -> int | None:
    """Read where to resume; what was never ours starts over rather than being refused, as browsers send it by themselves."""
    text = last_event_id or ""
    if not (text.isascii() and text.isdigit()):
        return None
    position = int(text)
    return position if position <= LARGEST_POSITION else None


async def _events(deliveries: AsyncGenerator[Delivery, None], permission: Permission) -> AsyncGenerator[ServerSentEvent, None]:
    asked_at_s, changes = monotonic_s(), permission.changes()
    async with aclosing(deliveries):
        upcoming = asyncio.ensure_future(anext(deliveries))
        try:
            while True:
                await asyncio.wait({upcoming}, timeout=min(ASK_AGAIN_S, NOTICE_S))
                if monotonic_s() - asked_at_s >= ASK_AGAIN_S or changes != permission.changes():
                    asked_at_s, changes = monotonic_s(), permission.changes()
                    if not await permission.still_held():
                        return
                if upcoming.done():
                    yield _event(upcoming.result())
                    upcoming = asyncio.ensure_future(anext(deliveries))
        finally:
            upcoming.cancel()
            with suppress(asyncio.CancelledError):
                await upcoming


def _event(delivery: Delivery) -> ServerSentEvent:
    return ServerSentEvent(delivery.data, event=delivery.kind, id=None if delivery.id is None else str(delivery.id))
