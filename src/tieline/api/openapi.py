"""What the description says beyond what FastAPI reads off the routes: problems, ways to sign in, permissions."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from tieline.api.problems import MEDIA_TYPE, Problem
from tieline.api.strict_route import permit_in

TAGS: Final = [
    {"name": "Screen pops", "description": "Who is calling, before the agent says hello."},
    {"name": "Calls", "description": "What exchanges report, and what became of it."},
    {"name": "Customers", "description": "Who they are in every connected system, and what is held of them."},
    {"name": "Webhooks", "description": "What other systems tell."},
    {"name": "People and systems", "description": "Agents, connected systems, and what they answer."},
    {
        "name": "Field mapping",
        "description": "How records become ours: drafted, previewed, published, rolled back.",
    },
    {"name": "Tickets", "description": "Our own tickets, and their copies in other systems."},
    {"name": "Feedback", "description": "What customers say of us, what is done about it, and the figures."},
    {"name": "Review", "description": "What waits for a person's decision."},
    {"name": "Administration", "description": "Keys and the audit trail."},
    {"name": "Operation", "description": "For those who keep it running."},
]

DESCRIPTION: Final = """
Machines sign in with an API key: `Authorization: Bearer tl_…` (`tieline key create`). People sign in at `/desk/sign-in`.
Each operation names the permission it asks for as `x-permission`.

Whatever is refused is refused with a problem document (RFC 9457). Its `code` is stable; its text may change. It never repeats
what was sent. Input is strict: no unknown fields, no `"5"` for `5`, no field twice.

Instants carry an offset, durations their unit in the name, telephone numbers are E.164 text, money is
`{"amount": "12.50", "currency": "CNY"}`. Lists answer `{"items": […], "next": …}`; hand `next` back as `cursor`.
"""

PROBLEM_REF: Final = {"$ref": "#/components/schemas/Problem"}
_ALWAYS: Final[Mapping[str, str]] = {
    "400": "The request could not be read: `request_malformed`, `param_repeated`, `param_encoding`, `key_in_url`, "
    "`auth_ambiguous`.",
    "414": "The address is longer than 4 KiB: `uri_too_long`.",
    "421": "This host name is not served here: `host_invalid`.",
    "429": "Too often: `rate_limited`; `Retry-After` says when to come back.",
    "431": "More than 100 headers, or more than 12 KiB of them: `headers_too_large`.",
    "500": "A fault of ours: `internal_error`. The trace id finds it in the log.",
    "503": "Too busy, or the database is away; `Retry-After` says when to come back: `overloaded`.",
}
_SIGNED_IN: Final[Mapping[str, str]] = {
    "401": "Nobody we know: `auth_failed`.",
    "403": "Known, but not permitted: `forbidden`, `scope_missing`, `cross_site`.",
}
_WITH_BODY: Final[Mapping[str, str]] = {
    "400": "The request could not be read: `body_required`, `json_malformed`, `json_duplicate_key`, `json_number`, "
    "`json_too_deep`, `encoding_invalid`, `request_malformed`, `param_repeated`, `param_encoding`.",
    "403": "Not permitted, or sent by another site's page: `forbidden`, `scope_missing`, `cross_site`.",
    "408": "The body took longer than ten seconds: `request_timeout`.",
    "413": "The body is larger than allowed: `body_too_large`.",
    "415": "Not JSON in UTF-8, or compressed: `media_type`, `charset_unsupported`, `encoding_unsupported`.",
}
_CHECKED: Final[Mapping[str, str]] = {
    "422": "Well-formed, but it does not fit: `field_required`, `field_type`, `field_unknown`, `field_range`, `param_range` …; "
    "`errors` names each place.",
}
_SIGN_IN_WAYS: Final = {
    "api_key": {"type": "http", "scheme": "bearer", "description": "An API key, `tl_…`, for machines."},
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-tieline", "description": "A signed-in person."},
}


def problems(by_status: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return what a route puts into `responses=` for refusals of its own, by status and what they mean."""
    return {status: _documented(text) for status, text in by_status.items()}


def complete(schema: dict[str, Any], routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """Add to a description, in place, what every route shares."""
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for leftover in ("HTTPValidationError", "ValidationError"):
        schemas.pop(leftover, None)
    components["securitySchemes"] = _SIGN_IN_WAYS
    for context in iter_route_contexts(routes):
        for method in context.methods or ():
            operation = schema["paths"].get(context.path_format, {}).get(method.lower())
            if operation is not None:
                _complete_operation(operation, context)
    return schema


def _complete_operation(operation: dict[str, Any], context: RouteContext) -> None:
    permit = permit_in(context.dependant)
    shared = dict(_ALWAYS)
    if permit is not None:
        shared |= _SIGNED_IN
        operation["security"] = [{"api_key": []}, {"session": []}]
        operation["x-permission"] = permit.permission
    if "requestBody" in operation:
        shared |= _WITH_BODY
    if "requestBody" in operation or operation.get("parameters"):
        shared |= _CHECKED
    for parameter in operation.get("parameters", ()):
        _leave_out_null(parameter["schema"])
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    for status, text in shared.items():
        responses.setdefault(status, _documented(text))
    operation["responses"] = dict(sorted(responses.items()))


def _leave_out_null(schema: dict[str, Any]) -> None:
    """A parameter that may be missing is not one that may be null: there is no way to write that in an address."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        schema.update(choices[0])


def _documented(text: str) -> dict[str, Any]:
    return {"description": text, "content": {MEDIA_TYPE: {"schema": PROBLEM_REF}}}
