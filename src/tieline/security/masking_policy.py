"""The one place where it is decided who sees what of a document, on its way out.

A document is a plain tree as `model_dump(mode="json")` gives it. Its shape names an object of the catalogue; fields the catalogue
does not know are dropped. What a role sees can be narrowed by views, never widened. Each combination of viewer and shape is
compiled once into nested functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, Self

from tieline.domain.masking import MASKS, Mask
from tieline.security.masking_catalogue import OPEN, Catalogue, FieldClass, FieldSpec, ObjectSpec, catalogue
from tieline.security.rights import Treatment, narrower, rights

VERIFIED: Final = 3
"""The identity level from which a caller has proved who they are."""

_NOTHING: Final[Mapping[str, Treatment]] = {}
_MOST_PLANS: Final = 64
_LAST_FOUR: Final = MASKS["id_last_four"]["agent"]
_Document = dict[str, Any]
_Rule = Callable[[object, _Document], object]
_Shaper = Callable[[_Document], _Document]


@dataclass(frozen=True, slots=True)
class _Masked:
    """The rule for one value that gets its mask whatever stands beside it."""

    mask: Mask

    def __call__(self, value: object, _document: _Document) -> object:
        """Return the value as it may be seen."""
        return None if value is None else self.mask(value if isinstance(value, str) else str(value))


@dataclass(frozen=True, slots=True)
class _Viewer:
    """Who looks, in what circumstances."""

    role: str
    active_call_phone: bool
    verified: bool
    views: frozenset[str]


class _Plan(NamedTuple):
    """What to do with a document that has exactly certain fields. `masked` are single values, `changed` everything else."""

    unchanged: bool
    dropped: tuple[str, ...]
    masked: tuple[tuple[str, Mask], ...]
    changed: tuple[tuple[str, _Rule], ...]

    @classmethod
    def of(cls, fields: tuple[str, ...], rules: Mapping[str, _Rule | _Masked | None]) -> Self:
        dropped = tuple(field for field in fields if field not in rules)
        found = [(field, rule) for field in fields if (rule := rules.get(field)) is not None]
        masked = tuple((field, rule.mask) for field, rule in found if isinstance(rule, _Masked))
        changed = tuple((field, rule) for field, rule in found if not isinstance(rule, _Masked))
        return cls(not dropped and not found, dropped, masked, changed)

    def carried_out_on(self, document: _Document) -> _Document:
        """Return what may be seen; the document itself stays as it is."""
        shown = document.copy()
        for field in self.dropped:
            del shown[field]
        for field, mask in self.masked:
            value = shown[field]
            if value is not None:
                shown[field] = mask(value if value.__class__ is str else str(value))
        for field, rule in self.changed:
            shown[field] = rule(shown[field], document)
        return shown


class Policy:
    """Applies the catalogue and the matrix. One instance serves a process; it holds no document."""

    def __init__(self, found: Catalogue | None = None, through: Mapping[str, Mapping[str, Treatment]] | None = None) -> None:
        self._catalogue = found or catalogue()
        self._through = rights().seen_through if through is None else through
        self._compiled = lru_cache(maxsize=2048)(self._compile)

    def apply(
        self,
        role: str,
        document: Mapping[str, Any],
        *,
        shape: str,
        active_call_phone: bool,
        identity_level: int | None = None,
        views: frozenset[str] = frozenset(),
    ) -> _Document:
        """Return the document as `role` may see it through `views`; a role or a view nobody knows sees nothing personal.

        `shape` is an object of the catalogue: `screen_pop customer order ticket account call trace` … `active_call_phone`: the
        viewer has this very number on the line (or gave it), so that hiding it would hide nothing. `identity_level`: how far
        the caller has proved who they are, 0 to 3; None: as the document's own match says. Raises: KeyError: no such shape.
        """
        if identity_level is None:
            identity_level = (document.get("match") or {}).get("identity_level", 0)
        viewer = _Viewer(role, active_call_phone, identity_level >= VERIFIED, views)
        return self._compiled(shape, viewer)(dict(document))

    def shows(self, role: str, shape: str, *, views: frozenset[str] = frozenset()) -> bool:
        """Say whether `role` sees objects of this shape at all. Raises: KeyError: no such shape."""
        row = self._catalogue.objects[shape].row
        return row is None or self.treatment(role, row, views=views) != "none"

    def treatment(self, role: str, row: str, *, views: frozenset[str] = frozenset()) -> Treatment:
        """Return how `role` sees what a row covers."""
        treatment = self._catalogue.matrix.get(role, _NOTHING).get(row, "none")
        for view in views:
            treatment = narrower(treatment, self._through.get(view, _NOTHING).get(row, "none"))
        return treatment

    def _compile(self, shape: str, viewer: _Viewer) -> _Shaper:
        return self._shaper(self._catalogue.objects[shape], viewer)

    def _shaper(self, spec: ObjectSpec, viewer: _Viewer) -> _Shaper:
        if spec.by_key is not None:
            return self._keyed(spec, viewer)
        rules = {field: self._rule(target, viewer) for field, target in spec.fields.items()}
        return _shaped_by(rules)

    def _keyed(self, spec: ObjectSpec, viewer: _Viewer) -> _Shaper:
        """Objects whose key says what they are: `orders`, or `orders@erp` for a second source."""
        shapers = {key: self._compile(name, viewer) for key, name in (spec.by_key or {}).items()}
        otherwise = self._compile(spec.otherwise, viewer) if spec.otherwise else None

        def shape(document: _Document) -> _Document:
            found = ((key, shapers.get(key.partition("@")[0], otherwise), value) for key, value in document.items())
            return {key: shaper(value) for key, shaper, value in found if shaper is not None}

        return shape

    def _rule(self, field: FieldSpec, viewer: _Viewer) -> _Rule | None:
        """Return what to do with one field's value; None: it stays as it is."""
        if field.target == OPEN:
            return None
        entry = self._catalogue.objects.get(field.target)
        if entry is None:
            return self._value_rule(self._catalogue.classes[field.target], viewer, many=field.many)
        if entry.row is not None and self._treatment(entry.row, viewer) == "none":
            return _emptied if field.many else _nothing
        shaper = self._shaper(entry, viewer)
        return _each_shaped(shaper) if field.many else _shaped(shaper)

    def _value_rule(self, entry: FieldClass, viewer: _Viewer, *, many: bool) -> _Rule | None:
        treatment = self._treatment(entry.row, viewer)
        if treatment == "full":
            return None
        if treatment == "none":
            return _emptied if many else _nothing
        mask = _LAST_FOUR if treatment == "last_four" else MASKS[entry.mask]["agent"]
        rule = _each_masked(mask) if many else _Masked(mask)
        return _unless(entry.unless, rule) if entry.unless else rule

    def _treatment(self, row: str, viewer: _Viewer) -> Treatment:
        row = "other_contact" if row == "active_phone" and not viewer.active_call_phone else row
        treatment = self.treatment(viewer.role, row, views=viewer.views)
        if treatment == "verified":
            return "full" if viewer.verified else "mask"
        return treatment


def _shaped_by(rules: Mapping[str, _Rule | _Masked | None]) -> _Shaper:
    """Documents of one shape nearly always carry the same fields: what to do is worked out once per set of fields."""
    plans: dict[tuple[str, ...], _Plan] = {}

    def shape(document: _Document) -> _Document:
        fields = tuple(document)
        plan = plans.get(fields)
        if plan is None:
            plan = _Plan.of(fields, rules)
            if len(plans) < _MOST_PLANS:
                plans[fields] = plan
        return document if plan.unchanged else plan.carried_out_on(document)

    return shape


def _each_masked(mask: Mask) -> _Rule:
    return lambda values, _document: [mask(value if isinstance(value, str) else str(value)) for value in _listed(values)]


def _unless(siblings: tuple[tuple[str, object], ...], rule: _Rule) -> _Rule:
    def either(value: object, document: _Document) -> object:
        return value if all(document.get(field) == wanted for field, wanted in siblings) else rule(value, document)

    return either


def _shaped(shaper: _Shaper) -> _Rule:
    return lambda value, _document: shaper(value) if isinstance(value, dict) else None


def _each_shaped(shaper: _Shaper) -> _Rule:
    return lambda values, _document: [shaper(value) for value in _listed(values) if isinstance(value, dict)]


def _nothing(_value: object, _document: _Document) -> None:
    return None


def _emptied(_values: object, _document: _Document) -> list[object]:
    return []


def _listed(values: object) -> list[Any] | tuple[Any, ...]:
    return values if isinstance(values, list | tuple) else []
