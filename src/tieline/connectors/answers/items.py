"""The verdicts inside one answer: a vendor that takes several things at once may accept some of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.connectors.contract import ItemResult, Outcome
from tieline.connectors.language.conditions import Condition, compile_conditions
from tieline.connectors.language.paths import Read, compile_path
from tieline.connectors.manifest.answers import Items


class ItemTable:
    """The declared verdicts of one operation, compiled."""

    def __init__(self, items: Items) -> None:
        self._at = compile_path(items.at)
        self._id: Read | None = compile_path(items.id) if items.id else None
        rows: list[tuple[Condition, Outcome]] = [(compile_conditions(items.ok), "ok")]
        self._rows = [*rows, *((compile_conditions(row.when), row.is_) for row in items.outcomes)]

    def judge(self, roots: Mapping[str, Any]) -> tuple[ItemResult, ...]:
        """Return what became of each item, in the vendor's order; none where there is no list."""
        found = self._at(roots)
        items = found if isinstance(found, list) else [found] if isinstance(found, dict) else []
        return tuple(self._one(position, {**roots, "item": item}) for position, item in enumerate(items))

    def _one(self, position: int, roots: Mapping[str, Any]) -> ItemResult:
        found = (outcome for holds, outcome in self._rows if holds(roots))
        outcome: Outcome = next(found, "permanent")
        named = self._id(roots) if self._id and outcome == "ok" else None
        return ItemResult(position, outcome, None if named is None else str(named))


def overall(items: Sequence[ItemResult]) -> Outcome:
    """Return what the items amount to: ok, partial, or how the first of those that all failed did; without items, unknown."""
    accepted = sum(item.outcome == "ok" for item in items)
    if not items:
        return "unknown"
    return items[0].outcome if not accepted else "ok" if accepted == len(items) else "partial"
