"""Every error as one document (RFC 9457, `application/problem+json`), rendered once, never with a value from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from random import SystemRandom
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import Scope

from tieline.api.findings import Finding, findings_of
from tieline.domain.errors import (
    ConnectorError,
    InProgress,
    Overloaded,
    RateLimited,
    SecondPersonRequired,
    StepUpRequired,
    TielineError,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
_STATUS_CODES: Final[Mapping[int, str]] = {
    400: "request_malformed",
    401: "auth_failed",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    413: "body_too_large",
    415: "media_type",
    416: "range_invalid",
}
_STATUS_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    401: {"WWW-Authenticate": 'Bearer realm="tieline"'},
    408: {"Connection": "close"},
    415: {"Accept": "application/json"},
}

_STEP_UP: Final = (
    'Bearer realm="tieline", error="insufficient_user_authentication", error_description="Sign in once more first", max_age="{}"'
)
"""RFC 9470, section 3 (read 2026-11-26)."""


class Problem(BaseModel):
    """What went wrong. `code` is stable and meant for programs; `instance` and `trace_id` find the line in our log."""

    model_config = ConfigDict(frozen=True)

    type: Annotated[str, Field(examples=["urn:problem:tieline:field_required"])]
    title: Annotated[str, Field(examples=["The request does not fit its description"])]
    status: Annotated[int, Field(examples=[422])]
    detail: str
    instance: Annotated[str, Field(description="The request's own id.", examples=["urn:tieline:request:9f2c…"])]
    code: Annotated[str, Field(examples=["field_required"])]
    trace_id: str
    errors: Annotated[list[Finding], Field(default_factory=list)]
    retry_after: Annotated[int | None, Field(description="Seconds to wait, as in the `Retry-After` header.")] = None
    approval: Annotated[UUID | None, Field(description="Of `second_person_required`: what somebody else approves first.")] = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What a problem document is made of. Without a title the status's own phrase stands there."""

    status: int
    code: str
    title: str = ""
    detail: str = ""
    findings: Sequence[Finding] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    approval: UUID | None = None


def render(scope: Scope, fault: Fault) -> Response:
    """Return the problem document that answers a request."""
    title = fault.title or HTTPStatus(fault.status).phrase
    headers = {**_STATUS_HEADERS.get(fault.status, {}), **fault.headers}
    request_id = scope.get("tieline.request_id", "")
    document: dict[str, Any] = {
        "type": f"urn:problem:tieline:{fault.code}",
        "title": title,
        "status": fault.status,
        "detail": fault.detail or title,
        "instance": f"urn:tieline:request:{request_id}",
        "code": fault.code,
        "trace_id": scope.get("tieline.trace_id", request_id),
        "errors": [finding.model_dump() for finding in fault.findings],
    }
    if "Retry-After" in headers:
        document["retry_after"] = int(headers["Retry-After"])
    if fault.approval is not None:
        document["approval"] = str(fault.approval)
    scope["tieline.problem_code"] = fault.code
    return Response(orjson.dumps(document), status_code=fault.status, headers=headers, media_type=MEDIA_TYPE)


def refusal(error: TielineError) -> Fault:
    """Describe a foreseen error."""
    approval = error.approval if isinstance(error, SecondPersonRequired) else None
    headers = _headers_for(error)
    return Fault(error.http_status, error.code, title=error.title, detail=error.detail, headers=headers, approval=approval)


async def on_refusal(request: Request, error: TielineError) -> Response:
    """Answer a foreseen error."""
    return render(request.scope, refusal(error))


async def on_http_error(request: Request, error: HTTPException) -> Response:
    """Answer what the framework itself refused: no such path, wrong method."""
    code = _STATUS_CODES.get(error.status_code, f"http_{error.status_code}")
    headers = {"Allow": _allowed(request)} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else error.headers
    return render(request.scope, Fault(error.status_code, code, headers=headers or {}))


async def on_invalid_input(request: Request, error: RequestValidationError) -> Response:
    """Answer input that was read but does not fit."""
    findings = findings_of(error.errors(), body=error.body)
    title = "The request does not fit its description"
    return render(request.scope, Fault(422, findings[0].code, title=title, findings=findings))


async def on_crash(request: Request, error: Exception) -> Response:
    """Answer a fault of our own: an id to ask about, and nothing else."""
    log.error("request.crashed", exc_info=error)
    return render(request.scope, Fault(500, TielineError.code, title=TielineError.title))


EXCEPTION_HANDLERS: Final[Mapping[Any, Any]] = {
    TielineError: on_refusal,
    HTTPException: on_http_error,
    RequestValidationError: on_invalid_input,
    Exception: on_crash,
}


def _allowed(request: Request) -> str:
    """Return every method of the path asked for; the framework names only those of the first route that fits."""
    path = request.scope["path"]
    fitting = (
        context.methods or ()
        for context in iter_route_contexts(request.app.routes)
        if not isinstance(context.original_route, Mount) and context.path_regex.match(path)
    )
    return ", ".join(sorted({method for methods in fitting for method in methods}))


def _headers_for(error: TielineError) -> Mapping[str, str]:
    if isinstance(error, StepUpRequired):
        return {"WWW-Authenticate": _STEP_UP.format(error.max_age_s)}
    if isinstance(error, Overloaded):
        return {"Retry-After": str(SystemRandom().randint(1, 5))}
    if isinstance(error, ConnectorError | InProgress | RateLimited) and error.retry_after_s is not None:
        return {"Retry-After": str(max(1, round(error.retry_after_s)))}
    return {}
