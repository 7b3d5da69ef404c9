"""What exchanges report, in the canonical words."""

from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Body, Request, Response

from tieline.api.house import house_of
from tieline.api.strict_route import BareRoute
from tieline.domain.call import CallEvent, EventReceipt
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import call_events

router = APIRouter(route_class=BareRoute, tags=["Calls"])

CANONICAL: Final = "canonical"
"""The provider of every call told in our own words: call ids are unique among them."""

_EXAMPLES: Final = {
    "ringing": {
        "summary": "An agent's telephone rings",
        "value": {
            "event_id": "evt-1",
            "call_id": "c-42",
            "leg_id": "c-42.1",
            "type": "ringing",
            "direction": "inbound",
            "from": "+8613800138000",
            "to": "+861065543800",
            "agent": "1001",
            "queue": "support",
            "at": "2026-11-22T10:00:00+08:00",
        },
    },
    "ended": {
        "summary": "The call is over",
        "value": {
            "event_id": "evt-9",
            "call_id": "c-42",
            "type": "ended",
            "at": "2026-11-22T10:04:10+08:00",
            "outcome": "served",
            "talk_s": 231,
        },
    },
}


@router.post(
    "/v1/call-events",
    operation_id="report_call_event",
    summary="Report a call event",
    status_code=202,
    response_model=EventReceipt,
)
async def report_call_event(
    event: Annotated[CallEvent, Body(openapi_examples=_EXAMPLES)],
    _caller: Annotated[Caller, permit("events.write")],
    request: Request,
) -> Response:
    """Accept one event, durably, and answer before anybody is looked up.

    Events may come twice, late, or in any order: the same event again is `"duplicate": true` and has no effect.
    """
    house = house_of(request)
    receipt = await call_events.record(house.calls, event, provider=CANONICAL, now=house.clock())
    return Response(orjson.dumps(receipt.model_dump()), status_code=202, media_type="application/json")
