"""A router for other systems: each route is proven as the connection's manifest says, and answers in the sender's words."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import APIRouter, Response

from tieline.api.arrivals import VERIFIED
from tieline.api.strict_route import VendorRoute

Endpoint = TypeVar("Endpoint", bound=Callable[..., Awaitable[Response]])


@dataclass(frozen=True, slots=True)
class VendorRouter:
    """`example`: a body as senders send it; `responses`: what may be answered, for the documentation."""

    router: APIRouter
    description: str
    example: Mapping[str, Any]
    responses: dict[int | str, dict[str, Any]]

    def route(self, method: str, path: str, operation_id: str, summary: str) -> Callable[[Endpoint], Endpoint]:
        """Register what follows as the endpoint of one method and path."""
        return self.router.api_route(
            path,
            methods=[method],
            operation_id=operation_id,
            summary=summary,
            response_class=Response,
            responses=self.responses,
            openapi_extra=self._body() if method == "POST" else None,
            dependencies=[VERIFIED],
        )

    def _body(self) -> dict[str, Any]:
        content = {
            "application/json": {"schema": {"type": "object"}, "example": dict(self.example)},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        }
        return {"requestBody": {"required": True, "description": self.description, "content": content}}


def vendor_router(
    tag: str, *, description: str, example: Mapping[str, Any], responses: dict[int | str, dict[str, Any]]
) -> VendorRouter:
    """Return an empty router whose routes stand under `tag` in the documentation."""
    return VendorRouter(APIRouter(route_class=VendorRoute, tags=[tag]), description, example, responses)
