"""The request of one scenario in a manifest's words: server, path, query, headers, body, and who we are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from tieline.services.authoring.threecx_template import Scenario, Template
from tieline.services.authoring.threecx_words import NotTranslated, config_name, names_in, only_name, reference

_SCHEME: Final = re.compile(r"(Bearer|Token|Basic|[A-Za-z-]{2,20})\s+\[([A-Za-z0-9_]+)\]")
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_BASIC: Final = re.compile(r"(\[[A-Za-z0-9_]+\]|[^:\[\]]*):(\[[A-Za-z0-9_]+\]|[^:\[\]]*)")


@dataclass(slots=True)
class Asked:
    """One translated request: the server it goes to, the tree of the manifest, and the Authorization header it carried."""

    server: str
    tree: dict[str, Any] = field(default_factory=dict)
    authorization: str = ""


def request_of(scenario: Scenario, template: Template, inputs: Mapping[str, str]) -> Asked:
    """Translate a scenario's request; `inputs` are the names it may use besides the form. Raises: NotTranslated."""
    if scenario.type.upper() != "REST" or scenario.answer.lower() not in {"json", ""}:
        raise NotTranslated(f"a scenario of the type {scenario.type or 'none'} with {scenario.answer or 'no'} answers")
    if scenario.method not in _METHODS:
        raise NotTranslated(f"the method {scenario.method}")
    known = {**{each.name: f"config.{config_name(each.name)}" for each in template.parameters}, **inputs}
    server, path, query = _parts(scenario.url)
    asked = Asked(reference(server, known))
    asked.tree = {"method": scenario.method, "path": _path(path, known)}
    if query:
        asked.tree["query"] = {unquote(key): reference(value, known) for key, value in query}
    headers = {key: value for key, value in scenario.headers.items() if key.lower() not in {"authorization", "content-type"}}
    if headers:
        asked.tree["headers"] = {key: reference(value, known) for key, value in headers.items()}
    asked.authorization = next((value for key, value in scenario.headers.items() if key.lower() == "authorization"), "")
    return asked


def auth_of(template: Template, authorization: str) -> dict[str, Any]:
    """Return `auth` from the template's own kind, or from the header its requests carry. Raises: NotTranslated."""
    known = {each.name: f"config.{config_name(each.name)}" for each in template.parameters}
    kind, value = template.auth
    if kind.lower() == "basic":
        pair = _BASIC.fullmatch(value)
        if pair is None:
            raise NotTranslated("the value of the Basic authentication")
        return {"kind": "basic", "username": reference(pair[1], known), "password": reference(pair[2], known)}
    if kind.lower() not in {"no", ""}:
        raise NotTranslated(f"the authentication {kind}")
    if not authorization:
        return {"kind": "none"}
    scheme = _SCHEME.fullmatch(authorization)
    if scheme is None or scheme[1].lower() == "basic":
        raise NotTranslated("the Authorization header")
    token = reference(f"[{scheme[2]}]", known)
    return {"kind": "bearer", "token": token} | ({} if scheme[1] == "Bearer" else {"scheme": scheme[1]})


def _parts(url: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Part a URL into server, path and query; a server is `[Host]` or written out with names in it."""
    before, _, query = url.partition("?")
    found = re.match(r"(\[[A-Za-z0-9_]+\]|https?://[^/]+)(/.*)?$", before)
    if found is None:
        raise NotTranslated("the address")
    return found[1], found[2] or "/", parse_qsl(query, keep_blank_values=True)


def _path(path: str, known: Mapping[str, str]) -> str:
    segments = []
    for segment in path.split("/"):
        name = only_name(segment)
        segments.append(reference(segment, known) if name or names_in(segment) else segment)
    translated = "/".join(segments)
    if re.search(r"[\s\[\]#\\]", translated):
        raise NotTranslated("the path")
    return translated
