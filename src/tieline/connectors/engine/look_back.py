"""Look whether a write has happened: before a doubtful one is repeated, or after a yes that proves nothing.

A system may ignore a filter it does not know and bring everything, so every record must itself bear out what was asked for.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tieline.connectors.contract import Record, Result
from tieline.connectors.language.conditions import canonical, holds_text
from tieline.connectors.language.paths import Read, Step, compile_path, parse, stands
from tieline.connectors.language.templates import Render, Roots, compile_tree
from tieline.connectors.manifest import writes as declared
from tieline.domain.errors import ConnectorError, OutcomeUnknown, VendorAmbiguous, VendorRejected

Ask = Callable[[str, Mapping[str, Any]], Awaitable[Result]]


class _Mark(NamedTuple):
    """One thing a record must have; `inside`: it is looked for within a text."""

    steps: tuple[Step, ...]
    read: Read
    expected: Render
    inside: bool

    def holds(self, record: Record, roots: Roots) -> bool:
        found, expected = self.read({"record": record}), canonical(self.expected(roots))
        if expected is None or found is None:
            return expected == "null" and found is None
        return holds_text(found, expected) if self.inside else canonical(found) == expected


@dataclass(frozen=True, slots=True)
class LookBack:
    """A declared look-back, compiled. `wait_s`: how long the vendor's search may lag behind."""

    operation: str
    inputs: Render
    marks: tuple[_Mark, ...]
    read_id: Read | None
    wait_s: float

    async def look(self, ask: Ask, roots: Roots) -> Result:
        """Return ok with the one record that bears the write out, or not_found.

        Raises: VendorAmbiguous: several do. OutcomeUnknown: the answer was cut off, does not show what is looked at, or nothing
        could be asked. ConnectorError.
        """
        brought, found = await self._sought(ask, roots)
        if found.outcome == "not_found" and any(_shown_nowhere(mark, brought) for mark in self.marks):
            raise OutcomeUnknown("the look-back brought records that do not show what they are held against")
        return found

    async def _sought(self, ask: Ask, roots: Roots) -> tuple[Sequence[Record], Result]:
        result = await ask(self.operation, self.inputs(roots))
        fitting = tuple(record for record in result.records if all(mark.holds(record, roots) for mark in self.marks))
        if len(fitting) > 1:
            raise VendorAmbiguous("the write is found more than once")
        if not fitting and (result.truncated or not result.pages):
            raise OutcomeUnknown("the look-back brought only part of what is there")
        found = self.read_id({"record": fitting[0]}) if fitting and self.read_id else None
        external_id = None if found is None else str(found)
        outcome = result._replace(outcome="ok" if fitting else "not_found", records=fitting, external_id=external_id)
        return result.records, outcome

    async def confirm(self, ask: Ask, roots: Roots, result: Result) -> None:
        """Hold a reported success against what is there now. Raises: VendorRejected: it was not done. OutcomeUnknown."""
        made = {"id": result.external_id, "url": result.external_url}
        try:
            _, found = await self._sought(ask, {**roots, "result": made})
        except VendorAmbiguous:
            return
        except ConnectorError as exc:
            raise OutcomeUnknown("the other system said yes, and reading it back failed") from exc
        if found.outcome == "not_found":
            raise VendorRejected("the other system said yes, and did not do it", code="upstream_unconfirmed")


def _shown_nowhere(mark: _Mark, records: Sequence[Record]) -> bool:
    """Say whether no record at all has the place looked at: a misspelt path must never read as "it did not happen"."""
    return bool(records) and not any(stands({"record": record}, mark.steps) for record in records)


def compile_look_back(look_back: declared.LookBack, config: Mapping[str, Any]) -> LookBack:
    """Compile a declared look-back."""
    back = look_back if isinstance(look_back, declared.ReadBack) else None
    return LookBack(
        operation=look_back.operation,
        inputs=compile_tree(look_back.with_, config).render,
        marks=tuple(_mark(path, expected, config) for path, expected in look_back.holds.items()),
        read_id=compile_path(back.id) if back and back.id else None,
        wait_s=back.wait_s if back else 0,
    )


def _mark(path: str, expected: object, config: Mapping[str, Any]) -> _Mark:
    inside = isinstance(expected, Mapping) and list(expected) == ["contains"]
    tree = expected["contains"] if inside and isinstance(expected, Mapping) else expected
    return _Mark(parse(path), compile_path(path), compile_tree(tree, config).render, inside)
