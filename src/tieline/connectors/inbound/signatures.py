"""Signatures: what a recipe makes of the request must be what the sender wrote beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from tieline.connectors.inbound.fields import compile_source
from tieline.connectors.inbound.letter import Letter
from tieline.connectors.inbound.request import Refusal
from tieline.connectors.inbound.verifier import LONGEST_PROOF, Verifier, same, wanted_roots
from tieline.connectors.language.references import Reference, references
from tieline.connectors.language.templates import constant_text
from tieline.connectors.manifest.inbound_proof import VerifySignature
from tieline.connectors.manifest.signing import Canonical, Recipe
from tieline.connectors.signing.message import Message
from tieline.connectors.signing.recipes import Kitchen, Render, Scope
from tieline.domain.errors import VendorMisconfigured

MOST_SIGNATURES: Final = 10
MOST_FIELDS: Final = 1000
_PORTS: Final[Mapping[str, str]] = {"https": ":443", "http": ":80"}
# The escapes HubSpot undoes in the address before it signs (developers.hubspot.com, request validation v3; read 2026-11).
_UNDONE: Final[Mapping[str, str]] = {
    f"%{ord(sign):02X}": sign for sign in (":", "/", "?", "@", "!", "$", "'", "(", ")", "*", ",", ";")
}


def compile_signature(verify: VerifySignature, config: Mapping[str, Any]) -> Verifier:
    """Return the check. Raises: VendorMisconfigured: a secret is empty, or all that may be empty are."""
    given = compile_source(verify.given, config)
    named = {name: compile_source(source, config) for name, source in verify.values.items()}
    wanted = wanted_roots(verify.given, *verify.values.values())
    recipes = _recipes(verify.expected, verify, config)
    addresses = _addresses(verify, config)
    spells_form = any("canonical_form" in found.steps for recipe in verify.expected for found in _references(recipe))

    def check(letter: Letter, _now: datetime) -> Refusal | None:
        roots = letter.roots(wanted)
        written = given(roots)
        if not isinstance(written, str) or not written:
            return "signature_missing"
        values = {name: read(roots) for name, read in named.items()}
        request = letter.request
        if spells_form and request.body.count(b"&") > MOST_FIELDS:
            return "signature_invalid"  # To spell it takes seconds, and nobody has proven anything yet.
        expected = [
            recipe(Scope(Message(request.method, url, request.headers, request.body), values)) or b""
            for url in addresses(request.address)
            for recipe in recipes
        ]
        signatures = _signatures(written, verify.prefix, verify.separator)
        found = [same(signature, right) for signature in signatures for right in expected if right]
        return None if any(found) else "signature_invalid"

    return check


def _recipes(declared: Sequence[Recipe], spelling: Canonical, config: Mapping[str, Any]) -> list[Render]:
    """Compile the recipes whose optional secrets are set: an old one that is still valid, or none."""
    kitchen = Kitchen(config, canonical=spelling)
    usable = [recipe for recipe in declared if not _lacks_a_secret(recipe, config)]
    if not usable:
        raise VendorMisconfigured("the secret that proves the sender is empty", code="secret_missing")
    return [kitchen.compile(recipe).render for recipe in usable]


def _lacks_a_secret(recipe: Recipe, config: Mapping[str, Any]) -> bool:
    """Say whether a field it refers to is empty; for one that may not be, that is an error: an empty key would prove anybody."""
    for found in _references(recipe):
        if found.root == "config" and not str(config.get(found.steps[0]) or "").strip():
            if found.optional:
                return True
            raise VendorMisconfigured("the secret that proves the sender is empty", code="secret_missing")
    return False


def _references(recipe: Recipe) -> list[Reference]:
    return [found for _, found in references(recipe.model_dump()) if isinstance(found, Reference)]


def _signatures(written: str, prefix: str, separator: str | None) -> Iterator[str]:
    """Yield the signatures that count; those without the prefix are of another kind and count for nothing."""
    several = written[:LONGEST_PROOF].split(separator, MOST_SIGNATURES)[:MOST_SIGNATURES] if separator else [written]
    for each in several:
        stripped = each.strip()
        if stripped.startswith(prefix):
            yield stripped.removeprefix(prefix)


def _addresses(verify: VerifySignature, config: Mapping[str, Any]) -> Callable[[str], list[str]]:
    """Return what lists the spellings of our address that the sender may have signed."""
    origin = constant_text(verify.origin, config).rstrip("/") if verify.origin else ""

    def spellings(url: str) -> list[str]:
        parts = urlsplit(url)
        called = f"{origin}{url.removeprefix(f'{parts.scheme}://{parts.netloc}')}" if origin else url
        return list(dict.fromkeys(_SPELLINGS[spelling](called) for spelling in verify.address))

    return spellings


def _with_port(url: str) -> str:
    parts = urlsplit(url)
    return (
        url
        if ":" in parts.netloc.rpartition("]")[2]
        else url.replace(parts.netloc, parts.netloc + _PORTS.get(parts.scheme, ""), 1)
    )


def _without_port(url: str) -> str:
    parts = urlsplit(url)
    host, found, port = parts.netloc.rpartition(":")
    return url.replace(parts.netloc, host, 1) if found and port.isdecimal() else url


def _decoded(url: str) -> str:
    for escape, sign in _UNDONE.items():
        url = url.replace(escape, sign).replace(escape.lower(), sign)
    return url


_SPELLINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "as_called": lambda url: url,
    "with_port": _with_port,
    "without_port": _without_port,
    "decoded": _decoded,
}
