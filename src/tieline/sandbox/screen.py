"""Pages a person looks through into a simulated system: no sign-in, nothing to change, on loopback only."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse


def screen(template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page; what came from outside stands in it as text."""
    return HTMLResponse(_environment().get_template(template).render(values), status, headers={"Cache-Control": "no-store"})


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("tieline.sandbox", "screens"), autoescape=True, undefined=StrictUndefined)
