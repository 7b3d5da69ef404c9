"""Turns a template into a page that runs nothing but our own files and can be framed only by whom we named."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from tieline.web.assets import assets
from tieline.web.languages import LANGUAGES, language_of, texts

SHEETS: Final = (
    *("tokens", "base", "controls", "bar", "rail", "shell"),
    *("caller", "match", "candidates", "blocks", "panels", "ticket", "card", "door", "standing"),
)
"""In the order in which later ones may refine earlier ones."""
_POLICY: Final[Mapping[str, str]] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "form-action": "'self'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}


_WITHOUT_SCRIPTS: Final[Mapping[str, str]] = {"script-src": "'none'", "connect-src": "'none'", "img-src": "'self'"}


def content_policy(frame_ancestors: Sequence[str] = (), sign_out_at: Sequence[str] = (), *, scripts: bool = True) -> str:
    """Return the Content-Security-Policy of our pages.

    `frame_ancestors`: the softphones' origins. `sign_out_at`: the providers' origins, to which a form that signs out may lead on.
    """
    directives = {**_POLICY, **({} if scripts else _WITHOUT_SCRIPTS), "frame-ancestors": " ".join(frame_ancestors) or "'none'"}
    directives["form-action"] = " ".join(("'self'", *sign_out_at))
    return "; ".join(f"{name} {value}" for name, value in directives.items())


class Painter:
    """Renders templates. `frame_ancestors` and `sign_out_at` as `content_policy` takes them; `scripts`: whether one runs any."""

    def __init__(self, frame_ancestors: Sequence[str] = (), sign_out_at: Sequence[str] = (), *, scripts: bool = True) -> None:
        self._headers = {
            "Content-Security-Policy": content_policy(frame_ancestors, sign_out_at, scripts=scripts),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }

    def page(
        self, request: Request, template: str, *, status: int = 200, language: str | None = None, **values: object
    ) -> HTMLResponse:
        """Return the page `template` in the asker's language, or in `language`."""
        spoken = language or language_of(request)
        words = texts(spoken)
        content = (
            _templates()
            .get_template(template)
            .render(language=spoken, languages=LANGUAGES.items(), say=words.say, say_or=words.say_or, **values)
        )
        return HTMLResponse(content, status_code=status, headers=self._headers)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("tieline.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    shared: dict[str, Any] = {
        "asset": assets().address,
        "modules": assets().modules,
        "local_admin_inside": False,
        "sheets": [f"{sheet}.css" for sheet in SHEETS],
    }
    environment.globals.update(shared)
    return environment
