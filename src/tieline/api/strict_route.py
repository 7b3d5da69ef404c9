"""Routes that check in the right order: who asks, then how it is written, then what it says.

`StrictRoute` does the checks and leaves the rest to FastAPI. `BareRoute` is for what runs on every call: the same checks, and
then straight into the endpoint (37 instead of 120 µs a request, measured 2026-11-22 with FastAPI 0.165); in return its endpoint
takes only path texts, one query model, one body model, the `Caller` and the `Request`.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from tieline.api.strict_body import StrictBody
from tieline.api.strict_query import read_query
from tieline.security.declarations import Permit


class StrictRoute(APIRoute):
    """A route whose caller is known before a byte of its input is looked at."""

    def get_route_handler(self) -> Any:  # noqa: ANN401 - the framework wants a coroutine function and says awaitable
        """Put the checks before the framework's own work."""
        framework = super().get_route_handler()
        permit = permit_in(self.dependant)
        body = StrictBody(self.body_field.field_info.annotation) if self.body_field else None

        async def answer(request: Request) -> Response:
            if permit is not None:
                await permit(request)
            read_query(request.scope["query_string"])
            return await framework(await body.read_ahead(request) if body else request)

        return answer


class BareRoute(APIRoute):
    """A strict route without the framework's dependency machinery; its signature still makes its documentation."""

    reads_query: ClassVar[bool] = True

    def get_route_handler(self) -> Any:  # noqa: ANN401 - as above
        """Bind the endpoint's parameters by their kind, once."""
        endpoint = self.endpoint
        permit = permit_in(self.dependant)
        take_query = _query_reader(self.dependant) if self.reads_query else _leave_query
        body = StrictBody(self.body_field.field_info.annotation) if self.body_field else None
        caller_name = next((each.name for each in self.dependant.dependencies if isinstance(each.call, Permit)), None)
        request_name = self.dependant.request_param_name
        body_name = self.body_field.name if self.body_field else None

        async def answer(request: Request) -> Response:
            given: dict[str, Any] = dict(request.path_params)
            if permit is not None:
                caller = await permit(request)
                if caller_name:
                    given[caller_name] = caller
            given.update(take_query(request.scope["query_string"]))
            if body and body_name:
                given[body_name] = await body.of(request)
            if request_name:
                given[request_name] = request
            answered: Response = await endpoint(**given)
            return answered

        return answer


class VendorRoute(BareRoute):
    """A route for other systems' own words: what stands in the query, and in which character set, is theirs."""

    reads_query: ClassVar[bool] = False


def permit_in(dependant: Dependant) -> Permit | None:
    """Return the permission a route declares, wherever in its dependencies it stands."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Permit):
            return dependency.call
        if found := permit_in(dependency):
            return found
    return None


def _leave_query(_raw: bytes) -> Mapping[str, Any]:
    return {}


def _query_reader(dependant: Dependant) -> Callable[[bytes], Mapping[str, Any]]:
    """Return what turns a query string into the endpoint's one query parameter, if it has one."""
    adapters: dict[str, TypeAdapter[Any]] = {
        field.name: TypeAdapter(cast("Any", field.field_info.annotation)) for field in dependant.query_params
    }

    def take(raw: bytes) -> Mapping[str, Any]:
        written = read_query(raw)
        try:
            return {name: adapter.validate_python(written) for name, adapter in adapters.items()}
        except ValidationError as exc:
            errors = [{**error, "loc": ("query", *error["loc"])} for error in exc.errors(include_url=False, include_input=False)]
            raise RequestValidationError(errors) from exc

    return take
