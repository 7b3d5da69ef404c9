"""Default deny at the start: every route says who may use it, or nothing starts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute, Mount

from tieline.security.declarations import DECLARATION, Permit, Public


class RouteUndeclared(RuntimeError):
    """A programming error, not an answer: routes exist that declare no permission, or more than one."""


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """One route and who may use it."""

    path: str
    methods: tuple[str, ...]
    declaration: Permit | Public


def declared_routes(routes: Sequence[BaseRoute]) -> list[DeclaredRoute]:
    """Return every route with its declaration. Raises: RouteUndeclared: one has none, or two that differ."""
    declared: list[DeclaredRoute] = []
    faults: list[str] = []
    for context in iter_route_contexts(routes):
        found = set(_declarations(context))
        path = context.path or "(no path)"
        methods = tuple(sorted(context.methods or ("*",)))
        if len(found) == 1:
            declared.append(DeclaredRoute(path, methods, found.pop()))
        else:
            faults.append(f"{','.join(methods)} {path} declares {len(found)} permissions")
    if faults:
        raise RouteUndeclared("; ".join(faults))
    return declared


def _declarations(context: RouteContext) -> Iterator[Permit | Public]:
    route = context.original_route
    dependant = getattr(context, "dependant", None) if not isinstance(route, Mount) else None
    if isinstance(dependant, Dependant):
        yield from _within(dependant)
    marked = getattr(route.app if isinstance(route, Mount) else context.endpoint, DECLARATION, None)
    if isinstance(marked, Permit | Public):
        yield marked


def _within(dependant: Dependant) -> Iterator[Permit | Public]:
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Permit | Public):
            yield dependency.call
        yield from _within(dependency)
