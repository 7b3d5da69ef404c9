"""Default deny: a route without a permission stops the start, and who may use which route is a table that people review."""

import re
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from tests.api.front_door import ROLES, FrontDoor
from tests.api.route_table import reviewed_table, truth_table

from tieline.api.app import DoorSettings, create_app
from tieline.api.route_audit import RouteUndeclared, declared_routes
from tieline.security.declarations import Permit, Public, declare, permit, public


async def test_the_reviewed_table_is_what_runs(door: FrontDoor) -> None:
    running = truth_table(door.app.state.declared_routes)
    assert reviewed_table() == running, "look at the change, then write it down with `python -m tests.api.route_table`"


async def test_each_role_gets_exactly_what_the_table_says(door: FrontDoor) -> None:
    """Every protected route, asked by every role: refused exactly where the table has no "yes"."""
    sessions = {role: await door.session(role) for role in ROLES}
    wrong = []
    async with door.client() as client:
        for row in truth_table(door.app.state.declared_routes):
            if row["permission"] == "public" or row["path"].endswith("/pops"):
                continue
            for role in ROLES:
                target = re.sub(r"\{[^}]+\}", role if "/agents/" in row["path"] else "x", row["path"])
                answer = await client.request(row["method"], target, headers=sessions[role])
                refused = answer.status_code == 403 and answer.headers.get("content-type", "").startswith(
                    ("application/problem", "text/html")
                )
                if refused is (row[role] == "yes"):
                    wrong.append((row["method"], row["path"], role, answer.status_code))
            if row["method"] == "DELETE" and "/agents/" in row["path"]:
                sessions = {role: await door.session(role) for role in ROLES}  # everybody has just signed themselves out
            if (stranger := await client.request(row["method"], target)).status_code not in {401, 303}:
                wrong.append((row["method"], row["path"], "nobody", stranger.status_code))
    assert wrong == []


async def test_every_route_of_the_json_door_is_described_and_every_description_has_a_route(door: FrontDoor) -> None:
    described = {(method.upper(), path) for path, item in door.app.openapi()["paths"].items() for method in item}
    running = {
        (row["method"], row["path"]) for row in truth_table(door.app.state.declared_routes) if row["path"].startswith("/v1/")
    }
    assert described - {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics")} == {
        (method, re.sub(r":path\}", "}", path)) for method, path in running
    }


async def plain(_request: object) -> Response:
    return PlainTextResponse("x")


def undeclared_routes() -> dict[str, APIRouter | Route | Mount]:
    api, nested, outer = APIRouter(), APIRouter(), APIRouter()
    api.get("/x")(plain)
    nested.get("/x")(plain)
    outer.include_router(nested, prefix="/outer")
    both = APIRouter()
    both.get("/x", dependencies=[permit("docs.read"), public("both")])(plain)
    two = APIRouter()
    two.get("/x", dependencies=[permit("docs.read"), permit("audit.read")])(plain)
    return {
        "an operation": api,
        "a nested operation": outer,
        "a plain endpoint": Route("/x", plain),
        "mounted files": Mount("/x", app=StaticFiles(directory=Path(__file__).parent)),
        "both at once": both,
        "two permissions": two,
    }


@pytest.mark.parametrize("what", undeclared_routes())
async def test_nothing_starts_with_a_route_that_says_nothing_or_too_much(door: FrontDoor, what: str) -> None:
    with pytest.raises(RouteUndeclared, match="/x"):
        create_app(door.house, DoorSettings(), pages=[undeclared_routes()[what]])


def test_a_declaration_counts_wherever_it_stands() -> None:
    async def deeper(_caller: object = permit("audit.read")) -> None: ...

    async def endpoint() -> None: ...

    router = APIRouter(dependencies=[Depends(deeper)])
    router.get("/deep")(endpoint)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router)
    app.router.routes.append(Mount("/files", app=declare(StaticFiles(directory=Path(__file__).parent), Public("test"))))
    assert [(route.path, route.declaration) for route in declared_routes(app.routes)] == [
        ("/deep", Permit("audit.read")),
        ("/files", Public("test")),
    ]


async def test_a_public_route_says_why(door: FrontDoor) -> None:
    reasons = {
        route.path: route.declaration.reason for route in door.app.state.declared_routes if isinstance(route.declaration, Public)
    }
    assert "/healthz" in reasons
    assert all(len(reason) > 15 for reason in reasons.values())


async def test_an_unknown_path_asks_nobody_who_they_are(door: FrontDoor) -> None:
    answer: httpx.Response = await door.ask("GET", "/nothing")
    assert answer.status_code == 404
