"""What exchanges report in their own words; the connection's manifest verifies and translates it."""

from typing import Annotated, Any, Final

from fastapi import Path, Request, Response

from tieline.api.arrivals import answered, arrived
from tieline.api.house import house_of
from tieline.api.openapi import problems
from tieline.api.vendor_router import vendor_router
from tieline.services import cti_intake

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
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "What the exchange expects to hear, in its own words."},
    202: {"description": "Accepted; the connection's manifest chooses between 200 and 202."},
    **problems(
        {
            401: "The proof is missing or wrong: `signature_missing`, `signature_invalid`.",
            404: "No such connection, or one that reports no calls: `not_found`.",
            405: "This exchange's manifest does not say that it reports by GET: `method_not_allowed`.",
        }
    ),
}

_DOOR: Final = vendor_router(
    "Calls",
    description="Whatever this exchange sends; the example is the generic CTI payload.",
    example=_EXAMPLE,
    responses=_RESPONSES,
)
router = _DOOR.router


@_DOOR.route("POST", "/v1/cti/{connection}", "report_call", "Report a call in the exchange's own words")
async def report_call(connection: ConnectionName, request: Request) -> Response:
    """Verify, keep and translate what an exchange tells, and answer before anybody is looked up."""
    return await _take_in(request, connection)


@_DOOR.route("GET", "/v1/cti/{connection}", "report_call_by_get", "Report a call by an exchange that knows only GET")
async def report_call_by_get(connection: ConnectionName, request: Request) -> Response:
    """Do the same for an exchange that puts everything into the address, or tests it; only where its manifest says so."""
    return await _take_in(request, connection)


@_DOOR.route(
    "POST", "/v1/cti/{connection}/{secret:path}", "report_call_with_secret", "Report a call, proven by a secret in the address"
)
async def report_call_with_secret(connection: ConnectionName, secret: PathSecret, request: Request) -> Response:
    """Do the same for an exchange that proves itself by the last part of the address. No log of ours holds the address."""
    return await _take_in(request, connection, path_tail=secret)


@_DOOR.route(
    "GET", "/v1/cti/{connection}/{secret:path}", "report_call_by_get_with_secret", "Report a call by GET, proven in the address"
)
async def report_call_by_get_with_secret(connection: ConnectionName, secret: PathSecret, request: Request) -> Response:
    """Do the same for an exchange that can neither sign nor POST."""
    return await _take_in(request, connection, path_tail=secret)


async def _take_in(request: Request, connection: str, *, path_tail: str = "") -> Response:
    house = house_of(request)
    request_as_it_came = await arrived(request, connection, path_tail=path_tail)
    return answered(await cti_intake.take_in(house, connection, request_as_it_came, now=house.clock()))
