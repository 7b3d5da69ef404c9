"""`/docs`, `/redoc` and `/openapi.json`, with every byte from this server: they must open in a closed network.

The scripts are those that fastapi-offline packs; its own pages start them by inline script, which our policy forbids, so the
pages are ours.
"""

from pathlib import Path
from typing import Any, Final

import fastapi_offline
import orjson
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from tieline.api.strict_route import StrictRoute
from tieline.security.declarations import Public, declare, permit

ASSETS: Final = "/docs-assets"
_PAGES: Final = Path(__file__).parent / "docs_pages"
_SCRIPTS: Final = Path(fastapi_offline.__file__).parent / "static"

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Both viewers write style elements as they draw, and Redoc indexes for its search in a worker made of itself."""

router = APIRouter(route_class=StrictRoute, include_in_schema=False, dependencies=[permit("docs.read")])


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """Describe the interface for programs."""
    return Response(_described(request.app), media_type="application/json")


@router.get("/docs")
async def swagger() -> HTMLResponse:
    """Show the description with a form to try each operation."""
    return _page("swagger.html")


@router.get("/redoc")
async def redoc() -> HTMLResponse:
    """Show the description for reading."""
    return _page("redoc.html")


class _Assets(StaticFiles):
    """Files that change only with a release."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - the framework's own arguments
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "public, max-age=3600"
        return response


def assets() -> Mount:
    """Return the place of the viewers' scripts: ours first, then those of fastapi-offline."""
    files = _Assets(directory=_SCRIPTS)
    files.all_directories = [_PAGES / "assets", _SCRIPTS]
    return Mount(ASSETS, app=declare(files, Public("scripts and styles of the viewers, the same for everyone")))


def _page(name: str) -> HTMLResponse:
    return HTMLResponse(_PAGES.joinpath(name).read_text("utf-8"), headers={"Content-Security-Policy": _POLICY})


def _described(app: Any) -> bytes:  # noqa: ANN401 - the application, whose type this room's root defines
    """Return the description as bytes, made once per application."""
    found: bytes | None = getattr(app.state, "described", None)
    if found is None:
        found = app.state.described = orjson.dumps(app.openapi())
    return found
