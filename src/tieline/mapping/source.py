"""Where a row was written, so that every complaint names file, line and row."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tieline.domain.errors import MappingInvalid
from tieline.kit.yaml_lines import PathKey, line_of


@dataclass(frozen=True, slots=True)
class RowSource:
    """The rows of one kind: `file` is a name for people, `lines` and `at` locate the block of rows in it.

    `overridden` names the source of rows that came from elsewhere. Without `lines` a place is told without its line. `config` is
    what the connection's form says, for codecs that depend on it: `time(%Y-%m-%d, $config.timezone)`.
    """

    file: str
    lines: Mapping[PathKey, int] = field(default_factory=dict)
    at: PathKey = ()
    overridden: Mapping[str, "RowSource"] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)

    def where(self, kind: str, row: str = "", *keys: str | int) -> str:
        """Say where `row` stands (or, more precisely, the key within it), as in `mapping.yaml, line 7, row ticket.status`."""
        if row in self.overridden:
            return self.overridden[row].where(kind, row, *keys)
        path = (*self.at, *((row,) if row else ()), *keys)
        line = f", line {line_of(self.lines, path)}" if self.lines else ""
        return f"{self.file}{line}, " + (f"row {kind}.{row}" if row else f"kind {kind}")

    def refuse(self, problem: str, kind: str, row: str = "", *keys: str | int, code: str | None = None) -> MappingInvalid:
        """Return the error to raise for `problem` at this place."""
        return MappingInvalid(problem, where=self.where(kind, row, *keys), code=code)
