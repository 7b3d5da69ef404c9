"""Check, without running anything, what recipes and injections refer to: config fields, parts of the request, earlier values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tieline.connectors.language.references import Reference, TreePath, references
from tieline.connectors.manifest.signing import REQUEST_PARTS, Ingredient, Injection, Recipe, SignAuth
from tieline.kit.spelling import meant

Fault = tuple[TreePath, str]
RESERVED: Final = frozenset({"config", "request", "nonce", "token", "in", "record"})
_NAMED_PARTS: Final = frozenset({"header", "query"})


@dataclass(frozen=True, slots=True)
class Known:
    """What may be named at some place. `fields`: the config's, and whether each is secret; `raw`: values that are no text."""

    fields: Mapping[str, bool]
    values: frozenset[str] = frozenset()
    raw: frozenset[str] = frozenset()
    request: bool = True

    def reference_fault(self, reference: Reference) -> str:
        """Say what is wrong with a reference; empty: nothing."""
        match reference.root:
            case "config":
                name = reference.steps[0] if len(reference.steps) == 1 else ".".join(reference.steps)
                return "" if name in self.fields else f"there is no config field ${reference}{close(name, self.fields)}"
            case "request" if self.request:
                return _part_fault(reference)
            case name if name in self.values and not reference.steps:
                return ""
            case name:
                there = {"config", *({"request"} if self.request else ()), *self.values}
                return f"${reference} cannot be used here{close(name, {f'${known}' for known in there})}"


def close(word: str, known: Iterable[str]) -> str:
    """Say what was probably meant, or what there is."""
    names = sorted(known)
    return meant(word, names) or f"; there are {', '.join(names) or 'none'}"


def _part_fault(reference: Reference) -> str:
    part, *rest = reference.steps or ("",)
    if part not in REQUEST_PARTS:
        return f"a request has no part ${reference}{close(part, REQUEST_PARTS)}"
    if rest and part not in _NAMED_PARTS:
        return f"$request.{part} has no parts"
    return "write the name, as in $request.header.x-date" if part == "header" and not rest else ""


def check_ingredient(known: Known, ingredient: Ingredient, at: TreePath, *, whole: bool = False) -> Iterator[Fault]:
    """Yield the faults of a text or a recipe. `whole`: the bytes of a raw value may stand here."""
    if isinstance(ingredient, str):
        yield from _check_text(known, ingredient, at, whole=whole)
        return
    for index, part in enumerate(ingredient.of):
        yield from check_ingredient(known, part, (*at, "of", index), whole=True)
    for name in ("key", "when"):
        part = getattr(ingredient, name)
        if part is not None:
            yield from check_ingredient(known, part, (*at, name), whole=True)
    yield from _key_fault(known, ingredient, at)


def _check_text(known: Known, text: str, at: TreePath, *, whole: bool) -> Iterator[Fault]:
    for place, found in references(text, at):
        if isinstance(found, ValueError):
            yield place, str(found)
        elif fault := known.reference_fault(found):
            yield place, fault
        elif found.root in known.raw and not whole:
            yield place, f"${found} is raw bytes; make it hex or base64 before it is sent"


def _key_fault(known: Known, recipe: Recipe, at: TreePath) -> Iterator[Fault]:
    """A key comes from a secret field, or from a value made of one."""
    if not isinstance(recipe.key, str):
        return
    named = [found for _, found in references(recipe.key) if isinstance(found, Reference)]
    if not named:
        yield (*at, "key"), "a key is not written in the file; declare a secret config field for it"
    for found in named:
        if found.root == "config" and known.fields.get(found.steps[0]) is False:
            yield (*at, "key"), f"{found.steps[0]} signs requests, so it must be declared with secret: true"


def check_injections(known: Known, injections: Iterable[Injection], at: TreePath) -> Iterator[Fault]:
    """Yield the faults of what is put into a request."""
    for index, injection in enumerate(injections):
        if injection.value is not None:
            yield from check_ingredient(known, injection.value, (*at, index, "value"))
        elif "token" not in known.values:
            yield (*at, index), "say which value is put there"


def check_signer(signer: SignAuth, fields: Mapping[str, bool], at: TreePath) -> Iterator[Fault]:
    """Yield every fault of one signature, values in the order in which they are made."""
    known = Known(fields, frozenset(signer.times) | ({"nonce"} if signer.nonce else frozenset()))
    for name in (*signer.times, *signer.values):
        if name in RESERVED or (name in signer.times and name in signer.values):
            yield (*at, "values" if name in signer.values else "times", name), f"the name {name} is taken; choose another"
    for name, spelling in signer.times.items():
        yield from check_ingredient(Known(fields, request=False), spelling.zone or "", (*at, "times", name, "zone"))
    yield from check_injections(known, signer.before, (*at, "before"))
    for name, recipe in signer.values.items():
        yield from check_ingredient(known, recipe, (*at, "values", name))
        raw = known.raw | {name} if recipe.as_ == "raw" else known.raw
        known = replace(known, values=known.values | {name}, raw=raw)
    yield from check_injections(known, signer.inject, (*at, "inject"))
