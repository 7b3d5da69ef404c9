"""Request trees, compiled once when a connection opens: constants are folded, what remains is a closure per leaf.

A reference that finds nothing leaves its leaf out; `null` written in the file stays null. Text is never retyped.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tieline.connectors.language.casts import Convert, build_cast, cast_of, operand_of
from tieline.connectors.language.paths import walk
from tieline.connectors.language.phone_forms import PHONE_FORMS
from tieline.connectors.language.references import Part, Reference, parse_text
from tieline.connectors.language.writing import as_text
from tieline.domain.errors import VendorMisconfigured

Roots = Mapping[str, Any]
Render = Callable[[Roots], Any]


class InputMissing(Exception):
    """A reference that must have a value has none. `name` is the input; `unwritable`: given, but not in the form asked for."""

    def __init__(self, name: str, *, unwritable: bool = False) -> None:
        super().__init__(name)
        self.name = name
        self.unwritable = unwritable


class Compiled(NamedTuple):
    """A tree ready to render. `constant`: `render` ignores what it is given. `null`: the file says null, and null it stays."""

    constant: bool
    render: Render
    null: bool = False


def compile_tree(tree: object, config: Mapping[str, Any]) -> Compiled:
    """Compile any tree. Raises: ValueError: a malformed reference or an unknown cast (found earlier by the manifest's check)."""
    cast = cast_of(tree)
    if cast is not None and isinstance(tree, Mapping):
        return _cast(cast, tree[cast], config)
    if isinstance(tree, Mapping):
        return _mapping({_name(key): compile_tree(value, config) for key, value in tree.items()})
    if isinstance(tree, list | tuple):
        return _sequence([compile_tree(value, config) for value in tree])
    if isinstance(tree, str):
        return _text(tree, config)
    return Compiled(constant=True, render=lambda _roots: tree, null=tree is None)


def constant_text(template: str, config: Mapping[str, Any]) -> str:
    """Render a text that refers to nothing but the configuration. Empty when the field is not set."""
    value = compile_tree(template, config).render({})
    return "" if value is None else as_text(value)


def _constant(value: object) -> Compiled:
    return Compiled(constant=True, render=lambda _roots: value)


def _name(key: str) -> str:
    """A name that begins with a dollar sign, `$$filter`: written so, it is no cast where it stands alone."""
    return key[1:] if key.startswith("$$") else key


def _mapping(parts: Mapping[str, Compiled]) -> Compiled:
    leaves = [(key, part.null, part.render) for key, part in parts.items()]

    def render(roots: Roots) -> dict[str, Any]:
        tree = {}
        for key, null, leaf in leaves:
            value = leaf(roots)
            if value is not None or null:
                tree[key] = value
        return tree

    return _folded(render, parts.values())


def _sequence(parts: Sequence[Compiled]) -> Compiled:
    def render(roots: Roots) -> list[Any]:
        values = [(part.null, part.render(roots)) for part in parts]
        return [value for null, value in values if value is not None or null]

    return _folded(render, parts)


def _folded(render: Render, parts: Iterable[Compiled]) -> Compiled:
    """Render now what does not depend on a call."""
    return _constant(render({})) if all(part.constant for part in parts) else Compiled(constant=False, render=render)


def _text(text: str, config: Mapping[str, Any]) -> Compiled:
    parsed = parse_text(text)
    if isinstance(parsed, tuple):
        return _mixture(parsed, config)
    return _constant(parsed) if isinstance(parsed, str) else _reference(parsed, config)


def _mixture(parts: Sequence[Part], config: Mapping[str, Any]) -> Compiled:
    compiled = [_constant(part) if isinstance(part, str) else _reference(part, config) for part in parts]

    def render(roots: Roots) -> str | None:
        values = [part.render(roots) for part in compiled]
        return None if None in values else "".join(as_text(value) for value in values)

    return _folded(render, compiled)


def _reference(reference: Reference, config: Mapping[str, Any]) -> Compiled:
    if reference.root == "config":
        return _constant(config.get(reference.steps[0]))
    if reference.root == "in":
        return Compiled(constant=False, render=_input(reference))
    root, steps = reference.root, reference.steps
    needed = root == "saved" and not reference.optional  # A filter that was dropped would bring everything.

    def render(roots: Roots) -> Any:  # noqa: ANN401 - whatever stands there
        value = walk(roots.get(root), steps)
        if value is None and needed:
            raise InputMissing(str(reference), unwritable=True)
        return value

    return Compiled(constant=False, render=render)


def _input(reference: Reference) -> Render:
    name, optional = reference.steps[0], reference.optional
    part = PHONE_FORMS[reference.steps[1]] if name == "phone" else None

    def render(roots: Roots) -> Any:  # noqa: ANN401 - inputs are the operation's
        given = roots["in"].get(name)
        value = part(given) if part and given is not None else given
        if value is None and not optional:
            raise InputMissing(name, unwritable=given is not None)
        return value

    return render


def _first(values: object, config: Mapping[str, Any]) -> Compiled:
    """The first that is not empty; a null or empty text that ends the list is what is sent when there is nothing."""
    compiled = [compile_tree(value, config) for value in (values if isinstance(values, list | tuple) else [values])]
    options = [option.render for option in compiled]

    def render(roots: Roots) -> Any:  # noqa: ANN401 - whichever was found
        missing: InputMissing | None = None
        for option in options:
            try:
                value = option(roots)
            except InputMissing as exc:
                missing = exc
                continue
            if value is not None:
                return value
        if missing and not null:
            raise missing
        return None

    null = bool(compiled) and compiled[-1].null
    return Compiled(constant=False, render=render, null=null)


def _cast(cast: str, operand: object, config: Mapping[str, Any]) -> Compiled:
    if cast == "$first":
        return _first(operand, config)
    tree, options = operand_of(cast, operand)
    inner = compile_tree(tree, config)
    convert = _convert(cast, compile_tree(options, config))

    def render(roots: Roots) -> Any:  # noqa: ANN401 - the cast decides
        value = inner.render(roots)
        try:
            return None if value is None else convert(value)
        except ValueError as exc:
            raise InputMissing(f"for {cast}", unwritable=True) from exc

    return _folded(render, (inner,))


def _convert(cast: str, options: Compiled) -> Convert:
    try:
        return build_cast(cast, options.render({}))
    except (ValueError, TypeError, KeyError) as exc:
        detail = f"an option of {cast} is empty or means nothing"
        raise VendorMisconfigured(detail) from exc
