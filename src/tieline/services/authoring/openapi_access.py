"""Where a description says the API answers and how one signs in, as the parts of a manifest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from tieline.services.authoring.openapi_document import Description


@dataclass(slots=True)
class Access:
    """The form to fill in, `auth`, and what a person must still find out."""

    config: dict[str, dict[str, Any]] = field(default_factory=dict)
    auth: dict[str, Any] = field(default_factory=lambda: {"kind": "none"})
    todo: list[str] = field(default_factory=list)


_TOKEN: Final[Mapping[str, Any]] = {
    "title": "Token",
    "description": "todo: where in the vendor's pages it is made.",
    "secret": True,
}


_BASIC: Final[dict[str, dict[str, Any]]] = {
    "username": {"title": "User name"},
    "password": {"title": "Password", "secret": True},
}
_CLIENT: Final[dict[str, dict[str, Any]]] = {
    "client_id": {"title": "Client id"},
    "client_secret": {"title": "Client secret", "secret": True},
}


def access_of(description: Description) -> Access:
    """Return server and sign-in; the first scheme of a kind we know wins."""
    access = Access()
    access.config["base_url"] = _base_url(description, access)
    schemes = list(description.security_schemes.items())
    used = ""
    for name, scheme in schemes:
        found = next(_sign_in(scheme), None)
        if found is not None:
            config, access.auth = found
            access.config |= config
            used = name
            break
    else:
        told = ", ".join(f"{name} ({scheme.get('type')})" for name, scheme in schemes)
        access.todo.append(f"how one signs in: the description names {told or 'nothing'}, which needs a person")
    others = [name for name, _ in schemes if name != used]
    if used and others:
        access.todo.append(f"other ways to sign in are described: {', '.join(others)}")
    return access


def _base_url(description: Description, access: Access) -> dict[str, Any]:
    form: dict[str, Any] = {"title": "Base URL", "type": "url"}
    url = str(description.servers[0].get("url", "")) if description.servers else ""
    if not urlsplit(url).netloc:
        access.todo.append("the server's address: the description does not tell it")
        return {**form, "description": f"Where the API answers{f', ending in {url}' if url else ''}."}
    if "{" in url:
        return {**form, "description": f"As in {url}."}
    return {**form, "default": url.rstrip("/")}


def _sign_in(scheme: Mapping[str, Any]) -> Iterator[tuple[dict[str, dict[str, Any]], dict[str, Any]]]:
    """Yield the fields and `auth` for a scheme we can carry out; nothing for any other."""
    match scheme.get("type"), str(scheme.get("scheme", "")).lower():
        case "http", "bearer":
            yield {"token": dict(_TOKEN)}, {"kind": "bearer", "token": "$config.token"}
        case "http", "basic":
            yield _BASIC, {"kind": "basic", "username": "$config.username", "password": "$config.password"}
        case "apiKey", _ if scheme.get("in") in {"header", "query"}:
            yield {"token": {**_TOKEN, "title": "API key"}}, _api_key(str(scheme["in"]), str(scheme.get("name")))
        case "oauth2", _:
            yield from _client_credentials(scheme)
        case _:
            return


def _api_key(place: str, name: str) -> dict[str, Any]:
    if name.lower() == "authorization":
        return {"kind": "bearer", "token": "$config.token", "scheme": "Bearer"}
    return {"kind": "api_key", place: name, "value": "$config.token"}


def _client_credentials(scheme: Mapping[str, Any]) -> Iterator[tuple[dict[str, dict[str, Any]], dict[str, Any]]]:
    flows = scheme.get("flows")
    flow = flows.get("clientCredentials") if isinstance(flows, Mapping) else None
    if not isinstance(flow, Mapping):
        return
    url = str(flow.get("tokenUrl", ""))
    absolute = bool(urlsplit(url).netloc)
    auth = {
        "kind": "oauth2_client_credentials",
        "token_url": url if absolute else f"${{config.base_url}}/{url.lstrip('/')}",
        "client_id": "$config.client_id",
        "client_secret": "$config.client_secret",
    }
    scopes = flow.get("scopes")
    if isinstance(scopes, Mapping) and scopes:
        auth["scope"] = " ".join(map(str, scopes))
    yield _CLIENT, auth
