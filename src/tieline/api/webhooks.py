"""What other systems tell: verified by the connection's manifest, kept, answered; read later by a worker."""

from typing import Annotated, Any, Final

from fastapi import Path, Request, Response

from tieline.api.arrivals import answered, arrived
from tieline.api.house import house_of
from tieline.api.openapi import problems
from tieline.api.vendor_router import vendor_router
from tieline.services.webhooks import intake

ConnectionName = Annotated[
    str, Path(max_length=60, description="The administrator's name for the system.", examples=["helpdesk"])
]
PathSecret = Annotated[str, Path(max_length=500, description="For systems that can neither sign nor set a header.")]

_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "What the sender expects to hear, in its own words; also the answer to the test of an address."},
    202: {"description": "Kept. The same again is told the same, and has no effect."},
    **problems(
        {
            400: "Nothing a sender of this kind sends: `body_malformed`, `xml_dtd_forbidden`, `xml_limits`, `id_invalid`.",
            401: "The proof is missing, wrong or stale: `signature_missing`, `signature_invalid`, `timestamp_stale`.",
            404: "No such connection, or one that tells nothing: `not_found`.",
            405: "This system's manifest does not say that it asks or tells in this way: `method_not_allowed`.",
        }
    ),
}

_DOOR: Final = vendor_router(
    "Webhooks",
    description="Whatever this system sends; the example is one of many shapes.",
    example={"event": "ticket.updated", "ticket": {"id": 4711}},
    responses=_RESPONSES,
)
router = _DOOR.router


@_DOOR.route("POST", "/v1/webhooks/{connection}", "receive_webhook", "Tell of something that happened in another system")
async def receive_webhook(connection: ConnectionName, request: Request) -> Response:
    """Verify and keep what a system tells, and answer before anything is read.

    What is authentic is thanked for even when it cannot be used: a person is asked about it. 503 means come again.
    """
    return await _take_in(request, connection)


@_DOOR.route("GET", "/v1/webhooks/{connection}", "answer_webhook_check", "Prove that this address is ours")
async def answer_webhook_check(connection: ConnectionName, request: Request) -> Response:
    """Answer a system that tests the address before it sends anything to it."""
    return await _take_in(request, connection)


@_DOOR.route(
    "POST", "/v1/webhooks/{connection}/{secret:path}", "receive_webhook_with_secret", "Tell of something, proven in the address"
)
async def receive_webhook_with_secret(connection: ConnectionName, secret: PathSecret, request: Request) -> Response:
    """Do the same for a system that proves itself by the last part of the address. No log of ours holds the address."""
    return await _take_in(request, connection, path_tail=secret)


@_DOOR.route(
    "GET", "/v1/webhooks/{connection}/{secret:path}", "answer_webhook_check_with_secret", "Prove that a secret address is ours"
)
async def answer_webhook_check_with_secret(connection: ConnectionName, secret: PathSecret, request: Request) -> Response:
    """Answer the test of an address that ends in a secret."""
    return await _take_in(request, connection, path_tail=secret)


@_DOOR.route("OPTIONS", "/v1/webhooks/{connection}", "answer_webhook_origin", "Permit a sender of CloudEvents to send")
async def answer_webhook_origin(connection: ConnectionName, request: Request) -> Response:
    """Answer the handshake of the CloudEvents webhook specification, for a connection whose manifest declares it."""
    return await _take_in(request, connection)


async def _take_in(request: Request, connection: str, *, path_tail: str = "") -> Response:
    house = house_of(request)
    request_as_it_came = await arrived(request, connection, path_tail=path_tail)
    return answered(await intake.take_in(house.webhook_door, connection, request_as_it_came, now=house.clock()))
