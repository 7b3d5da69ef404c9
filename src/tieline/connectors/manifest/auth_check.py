"""Check, without running anything, who a manifest says we are: references, secrets that are none, schemes that lead nowhere."""

from collections.abc import Iterator, Mapping
from typing import Final

from tieline.connectors.language.references import Reference, TreePath, references
from tieline.connectors.manifest.auth import Auth, Scheme
from tieline.connectors.manifest.requests import Request
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.manifest.sign_in import CsrfAuth, LoginAuth, SessionAuth, Taken
from tieline.connectors.manifest.signing import Injection, SignAuth
from tieline.connectors.manifest.signing_check import (
    RESERVED,
    Fault,
    Known,
    check_ingredient,
    check_injections,
    check_signer,
    close,
)
from tieline.connectors.manifest.token_grants import TokenGrant

# A credential that is not declared secret would be stored, shown and logged in the open.
_SECRETS: Final[Mapping[str, tuple[str, ...]]] = {
    "bearer": ("token",),
    "oauth2_client_credentials": ("client_secret",),
    "oauth2_refresh_token": ("client_secret", "refresh_token"),
    "oauth2_jwt_bearer": ("private_key", "client_secret"),
    "acs3": ("secret_key", "security_token"),
    "tc3": ("secret_key", "security_token"),
    "sigv4": ("secret_key", "security_token"),
}
# What is checked as something else than a text that refers to the configuration.
_OTHERWISE: Final = frozenset({"kind", "inject", "request", "take", "outcomes", "before", "values", "times", "header", "query"})
_DEFAULT: Final = "auth"


def check_auth(manifest: Manifest) -> Iterator[Fault]:
    """Yield every fault of `auth`, `auths`, and of the schemes that requests name."""
    fields = {name: field.secret for name, field in manifest.config.items()}
    for name in sorted({_DEFAULT, "none"} & set(manifest.auths)):
        yield ("auths", name), f"the name {name} is taken; choose another"
    for scheme, entries in manifest.schemes.items():
        at: TreePath = ("auth",) if scheme == _DEFAULT else ("auths", scheme)
        for index, entry in enumerate(entries):
            yield from _check_entry(manifest, entry, (*at, index), fields)
    yield from _check_circles(manifest)
    for key, name, operation in manifest.singles():
        yield from _check_choice(manifest, operation.request, (key, name, "request"))


def _check_entry(manifest: Manifest, entry: Auth, at: TreePath, fields: Mapping[str, bool]) -> Iterator[Fault]:
    if isinstance(entry, SignAuth):
        yield from check_signer(entry, fields, at)
        return
    alone = Known(fields, request=False)
    for name, value in entry.model_dump(exclude_none=True).items():
        for key, text in value.items() if isinstance(value, dict) and name not in _OTHERWISE else ((name, value),):
            if isinstance(text, str) and name not in _OTHERWISE:
                yield from check_ingredient(alone, text, (*at, name) if key == name else (*at, name, key))
    for name in _SECRETS.get(entry.kind, ()):
        yield from open_secret(getattr(entry, name), (*at, name), fields)
    if isinstance(entry, TokenGrant | LoginAuth | SessionAuth):
        also = frozenset(entry.take.also) if isinstance(entry, LoginAuth) else frozenset()
        yield from ((((*at, "take", "also", name), f"the name {name} is taken; choose another")) for name in also & RESERVED)
        yield from check_injections(Known(fields, also | {"token"}), entry.inject, (*at, "inject"))
    if isinstance(entry, LoginAuth | CsrfAuth):
        yield from _check_own_request(manifest, entry.request, (*at, "request"), alone)
    yield from _unread_bodies(entry, at)


def open_secret(template: str | None, at: TreePath, fields: Mapping[str, bool]) -> Iterator[Fault]:
    """Yield it if a credential stands in the open. `fields`: which of the form's fields are secret."""
    found = [each for _, each in references(template or "") if isinstance(each, Reference)]
    named = [each.steps[0] for each in found if each.root == "config"]
    if template and not found:
        yield at, "a credential is not written in the file; declare a secret config field for it"
    if named and not any(fields.get(name, True) for name in named):
        yield at, f"{named[0]} is a credential, so it must be declared with secret: true"


def _unread_bodies(entry: Auth, at: TreePath) -> Iterator[Fault]:
    """Every answer is looked at for a session, but not into its body, which may be long."""
    takes: tuple[tuple[TreePath, Taken], ...] = ()
    if isinstance(entry, SessionAuth):
        takes = (((*at, "take"), entry.take),)
    elif isinstance(entry, LoginAuth) and entry.recapture:
        takes = (((*at, "take", "token"), entry.take.token),)
    for place, taken in takes:
        if not taken.from_.startswith(("header.", "cookie.")):
            yield place, "what any answer may bring is taken from a header or a cookie"


def _check_own_request(manifest: Manifest, request: Request, at: TreePath, known: Known) -> Iterator[Fault]:
    if request.host not in manifest.hosts:
        yield (*at, "host"), f"there is no host {request.host!r} under hosts:"
    yield from _check_choice(manifest, request, at)
    trees = request.model_dump(by_alias=True, exclude={"method", "host", "auth", "content_type"}, exclude_none=True)
    for place, found in references(trees, at):
        fault = str(found) if isinstance(found, ValueError) else known.reference_fault(found)
        if fault:
            yield place, fault


def _check_choice(manifest: Manifest, request: Request, at: TreePath) -> Iterator[Fault]:
    known = {*manifest.schemes, "none"}
    if request.auth is not None and request.auth not in known:
        yield (*at, "auth"), f"there is no scheme {request.auth!r} under auths:{close(request.auth, known)}"
        return
    scheme: Scheme = manifest.schemes.get(request.auth or _DEFAULT, ())
    if any(place == "body" for entry in scheme for place in _places(entry)) and request.json_ is None and request.form is None:
        yield at, "its credentials go into the body, so it needs one: json or form"


def _places(entry: Auth) -> Iterator[str]:
    injections: tuple[Injection, ...] = (*getattr(entry, "before", ()), *getattr(entry, "inject", ()))
    yield from (injection.place[0] for injection in injections)
    if entry.kind == "api_key":
        yield entry.place[0]


def _check_circles(manifest: Manifest) -> Iterator[Fault]:
    """A sign-in must not need itself."""
    for scheme in manifest.schemes:
        if scheme in _needed(manifest, scheme):
            at: TreePath = ("auth",) if scheme == _DEFAULT else ("auths", scheme)
            yield at, f"to sign in by {scheme}, {scheme} is needed first"


def _needed(manifest: Manifest, scheme: str) -> set[str]:
    """Return the schemes that must be signed in by before this one can be."""
    needed: set[str] = set()
    waiting = [scheme]
    while waiting:
        for entry in manifest.schemes.get(waiting.pop(), ()):
            named = entry.request.auth if isinstance(entry, LoginAuth | CsrfAuth) else None
            if named and named not in needed:
                needed.add(named)
                waiting.append(named)
    return needed
