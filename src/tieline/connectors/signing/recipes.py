"""Recipes compiled once: each becomes a closure from the request and the values so far to bytes.

A reference with `?` that finds nothing makes its text None, and a part that is None is left out; without `?` it counts as empty.
"""

import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tieline.connectors.language.paths import walk
from tieline.connectors.language.references import Reference, parse_text
from tieline.connectors.language.writing import as_text
from tieline.connectors.manifest.signing import Canonical, Ingredient, Recipe
from tieline.connectors.signing.algorithms import ENCODINGS, ESCAPES, HASHES, MACS, READINGS, Bytes, mixed
from tieline.connectors.signing.message import NAMED_READERS, READERS, Message
from tieline.domain.errors import VendorMisconfigured


class Scope(NamedTuple):
    """What a recipe is made from: the request, and everything known by name."""

    message: Message
    values: Mapping[str, Any]


Render = Callable[[Scope], bytes | None]
_NOTHING: Final = Message("GET", "", {}, b"")


class Compiled(NamedTuple):
    """A recipe ready to use. `secret`: its result must not be shown; `tells`: it holds one in plain, which a redactor finds."""

    render: Render
    secret: bool = False
    tells: bool = False


@dataclass(frozen=True, slots=True)
class Kitchen:
    """What recipes are compiled with. `secrets`: the names of config fields that are; `hidden`, `telling`: of values."""

    config: Mapping[str, Any] = field(repr=False)
    secrets: frozenset[str] = frozenset()
    canonical: Canonical = field(default_factory=Canonical)
    hidden: frozenset[str] = frozenset()
    telling: frozenset[str] = frozenset()

    def compile(self, ingredient: Ingredient) -> Compiled:
        """Compile a text or a recipe. Raises: VendorMisconfigured: a config field it cannot do without is empty."""
        return self._text(ingredient) if isinstance(ingredient, str) else self._recipe(ingredient)

    def constant(self, text: str) -> str:
        """Render a text that refers to nothing but the configuration; empty if the field is."""
        found = self.compile(text).render(Scope(_NOTHING, {}))
        return "" if found is None else found.decode()

    def knowing(self, name: str, compiled: Compiled) -> "Kitchen":
        """Return a kitchen that knows of one more value, and whether it may be shown."""
        hidden = self.hidden | {name} if compiled.secret else self.hidden
        telling = self.telling | {name} if compiled.tells else self.telling
        return Kitchen(self.config, self.secrets, self.canonical, hidden, telling)

    def _text(self, text: str) -> Compiled:
        parsed = parse_text(text)
        pieces = [self._piece(piece) for piece in (parsed if isinstance(parsed, tuple) else (parsed,))]
        return _marked(_joined([piece.render for piece in pieces], b"", whole=True), pieces)

    def _piece(self, piece: str | Reference) -> Compiled:
        if isinstance(piece, str):
            constant = piece.encode()
            return Compiled(lambda _scope: constant)
        match piece.root:
            case "config":
                return self._configured(piece)
            case "request":
                return Compiled(_request_reader(piece, self.canonical))
            case name:
                read = _value_reader(piece)
                return Compiled(read, secret=name in self.hidden, tells=name in self.telling)

    def _configured(self, reference: Reference) -> Compiled:
        name = reference.steps[0]
        value = self.config.get(name)
        if value is None and not reference.optional:
            detail = f"the credential {name} is empty"
            raise VendorMisconfigured(detail, code="secret_missing")
        written = None if value is None else as_text(value).encode()
        return Compiled(lambda _scope: written, tells=name in self.secrets)

    def _recipe(self, recipe: Recipe) -> Compiled:
        parts = [self.compile(each) for each in recipe.of]
        steps, key = self._steps(recipe)
        join = _joined([part.render for part in parts], recipe.join.encode(), sort=recipe.sort)
        render = _optional(_cooked(join, steps, recipe), recipe)
        if recipe.when is not None:
            render = _conditional(render, self.compile(recipe.when).render)
        marked = _marked(render, [*parts, *key])
        return Compiled(render, secret=True) if _digests(recipe) and (marked.secret or marked.tells) else marked

    def _steps(self, recipe: Recipe) -> tuple[Sequence[Callable[[Scope, bytes], bytes]], Sequence[Compiled]]:
        """Return what is done to the joined parts, in order, and the key it takes."""
        steps: list[Callable[[Scope, bytes], bytes]] = []
        keys: list[Compiled] = []
        if recipe.escape:
            escape = ESCAPES[recipe.escape]
            steps.append(lambda _scope, text: escape(text).encode())
        if recipe.after:
            mark = recipe.after.encode()
            steps.append(lambda _scope, text: text.rpartition(mark)[2])
        steps.extend(_plain(table[name]) for table, name in ((READINGS, recipe.read), (HASHES, recipe.hash_)) if name)
        if recipe.hmac and recipe.key is not None:
            mac, key = MACS[recipe.hmac], self.compile(recipe.key)
            keys.append(key)
            steps.append(lambda scope, text: mac(key.render(scope) or b"", text))
        if recipe.xor:
            other = recipe.xor.encode()
            steps.append(lambda _scope, text: mixed(text, other))
        steps.append(_plain(ENCODINGS[recipe.as_ or ("hex" if recipe.hash_ or recipe.hmac else "text")]))
        return steps, keys


def _digests(recipe: Recipe) -> bool:
    """Say whether a secret that goes in can no longer be found by its spelling in what comes out."""
    return any((recipe.hash_, recipe.hmac, recipe.xor, recipe.read, recipe.after, recipe.as_ not in {None, "text"}))


def _marked(render: Render, parts: Iterable[Compiled]) -> Compiled:
    known = list(parts)
    return Compiled(render, secret=any(part.secret for part in known), tells=any(part.tells for part in known))


def _plain(convert: Bytes) -> Callable[[Scope, bytes], bytes]:
    return lambda _scope, text: convert(text)


def _joined(parts: Sequence[Render], mark: bytes, *, sort: bool = False, whole: bool = False) -> Render:
    """`whole`: one part that is None makes all of it None, as inside a text; otherwise it is left out."""

    def render(scope: Scope) -> bytes | None:
        rendered = [part(scope) for part in parts]
        found = [text for text in rendered if text is not None]
        if not found or (whole and len(found) < len(rendered)):
            return None
        return mark.join(sorted(found) if sort else found)

    return render


def _cooked(join: Render, steps: Sequence[Callable[[Scope, bytes], bytes]], recipe: Recipe) -> Render:
    def render(scope: Scope) -> bytes | None:
        text = join(scope)
        if text is None:
            return None
        try:
            for step in steps:
                text = step(scope, text)
        except binascii.Error as exc:
            detail = f"what is signed cannot be read as {recipe.read}"
            raise VendorMisconfigured(detail) from exc
        return text

    return render


def _optional(render: Render, recipe: Recipe) -> Render:
    return (lambda scope: render(scope) or None) if recipe.optional else render


def _conditional(render: Render, condition: Render) -> Render:
    return lambda scope: render(scope) if condition(scope) else None


def _request_reader(reference: Reference, canonical: Canonical) -> Render:
    part, *rest = reference.steps
    if rest:
        named, name = NAMED_READERS[part], ".".join(rest)
        return _found(lambda scope: named(scope.message, name), optional=reference.optional)
    read = READERS[part]
    return lambda scope: _as_bytes(read(scope.message, canonical))


def _value_reader(reference: Reference) -> Render:
    steps = (reference.root, *reference.steps)
    return _found(lambda scope: walk(scope.values, steps), optional=reference.optional)


def _found(read: Callable[[Scope], Any], *, optional: bool) -> Render:
    missing = None if optional else b""

    def render(scope: Scope) -> bytes | None:
        value = read(scope)
        return missing if value is None or (optional and value in {"", b""}) else _as_bytes(value)

    return render


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else as_text(value).encode(errors="surrogateescape")
