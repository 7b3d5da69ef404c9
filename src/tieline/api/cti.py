"""What exchanges report in their own words; the connection's manifest verifies and translates it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from tieline.api.house import house_of
from tieline.api.openapi import problems
from tieline.api.strict_body import refuse_compression
from tieline.api.strict_route import BareRoute
from tieline.connectors.inbound.request import InboundRequest
from tieline.security.permissions import public
from tieline.services import cti_intake

router = APIRouter(route_class=BareRoute, tags=["Calls"])

VERIFIED: Final = public("the connection's manifest says how the exchange proves itself, and its proof is checked first")
ConnectionName = Annotated[str, Path(max_length=60, description="The administrator's name for the exchange.", examples=["pbx"])]
PathSecret = Annotated[str, Path(max_length=500, description="For exchanges that can neither sign nor set a header.")]

_EXAMPLE: Final = {
    "event": "newCall",
    "callId": "307fa962-de8d-4ffc-817b-7f6993204159",
    "direction": "in",
    "from": "8613800138000",
    "to": "861065543800",
    "user": ["1001"],
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "Whatever this exchange sends; the example is the generic CTI payload.",
        "content": {
            "application/json": {"schema": {"type": "object"}, "example": _EXAMPLE},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        },
    }
}
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "What the exchange expects to hear, in its own words."},
    202: {"description": "Accepted; the connection's manifest chooses between 200 and 202."},
    **problems(
        {
            401: "The proof is missing or wrong: `signature_missing`, `signature_invalid`.",
            404: "No such connection, or one that reports no calls: `not_found`.",
        }
    ),
}


@router.post(
    "/v1/cti/{connection}",
    operation_id="report_call",
    summary="Report a call in the exchange's own words",
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=_BODY,
    dependencies=[VERIFIED],
)
async def report_call(connection: ConnectionName, request: Request) -> Response:
    """Verify, keep and translate what an exchange tells, and answer before anybody is looked up."""
    return await _take_in(request, connection)


@router.post(
    "/v1/cti/{connection}/{secret:path}",
    operation_id="report_call_with_secret",
    summary="Report a call, proven by a secret in the address",
    response_class=Response,
    responses=_RESPONSES,
    openapi_extra=_BODY,
    dependencies=[VERIFIED],
)
async def report_call_with_secret(connection: ConnectionName, secret: PathSecret, request: Request) -> Response:
    """Do the same for an exchange that proves itself by the last part of the address. No log of ours holds the address."""
    return await _take_in(request, connection, path_tail=secret)


async def _take_in(request: Request, connection: str, *, path_tail: str = "") -> Response:
    refuse_compression(request.headers)
    house = house_of(request)
    arrived = InboundRequest(
        method=request.method,
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]},
        query=request.scope["query_string"].decode("latin-1"),
        content_type=request.headers.get("content-type", ""),
        body=await request.body(),
        path_tail=path_tail,
    )
    reply = await cti_intake.take_in(house, connection, arrived, now=house.clock())
    return Response(reply.body, status_code=reply.status, headers={"Content-Type": reply.content_type} if reply.body else None)
