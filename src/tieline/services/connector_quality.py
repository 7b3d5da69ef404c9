"""How far a connector is to be trusted: the rules it tells about in quality.yaml, and the tier that follows from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from tieline.connectors.manifest.load import load_part
from tieline.connectors.manifest.part import Part
from tieline.connectors.manifest.problems import ManifestProblems


class Standard(NamedTuple):
    """One rule: what it asks, and the lowest tier that needs it."""

    meaning: str
    tier: "Tier"


Tier = Literal["bronze", "silver", "gold"]
TIERS: Final[tuple[Tier, ...]] = ("bronze", "silver", "gold")

# What quality.yaml must speak about. Bronze is what the exam can see by itself; silver, what a person has looked up in the
# vendor's documents; gold, what was done against the real system.
STANDARDS: Final[Mapping[str, Standard]] = {
    "manifest": Standard("connector.yaml loads; id, capabilities, references and titles are right", "bronze"),
    "examples": Standard("every operation and intake has a recorded example, and each is reproduced byte for byte", "bronze"),
    "secrets": Standard("no secret appears in a trace, a log or a repr", "bronze"),
    "writes": Standard("every write has an idempotency choice and an outcome table", "bronze"),
    "mapping": Standard("mapping.yaml loads and serves every operation that brings records", "bronze"),
    "readme": Standard("README.md names every config field", "bronze"),
    "docs_read": Standard("the vendor's documentation was read; its address and the date are in docs:", "silver"),
    "errors": Standard("the vendor's own error codes are in the outcome table, each with an example", "silver"),
    "limits": Standard("limits: are the vendor's published ones", "silver"),
    "paging": Standard("long answers are read to their end, with an example of two pages", "silver"),
    "phones": Standard("it is known in which form the vendor stores and searches numbers", "silver"),
    "live": Standard("it was run against the real system", "gold"),
}
QUALITY: Final[Mapping[str, str]] = {name: standard.meaning for name, standard in STANDARDS.items()}


class Stand(Part):
    """A rule that is not done: still to do, or not applicable, with the reason."""

    todo: Annotated[str, Field(min_length=5)] | None = None
    exempt: Annotated[str, Field(min_length=5)] | None = None

    @model_validator(mode="after")
    def _one_reason(self) -> Self:
        if (self.todo is None) == (self.exempt is None):
            raise ValueError("write done, {todo: reason} or {exempt: reason}")
        return self


class Quality(Part):
    """quality.yaml: every rule of `STANDARDS` and how the connector stands to it."""

    rules: dict[str, Literal["done"] | Stand]

    @property
    def tier(self) -> Tier | None:
        """The highest tier whose rules, and those of the tiers below, are all done or do not apply; None: not even bronze."""
        reached: Tier | None = None
        for tier in TIERS:
            if any(standard.tier == tier and self._open(name) for name, standard in STANDARDS.items()):
                break
            reached = tier
        return reached

    def _open(self, rule: str) -> bool:
        stand = self.rules.get(rule)
        return stand is None or (isinstance(stand, Stand) and stand.todo is not None)


def quality_of(folder: Path) -> Quality:
    """Read a connector's quality.yaml. Raises: ManifestProblems."""
    return load_part(Quality, folder / "quality.yaml")


def tier_of(folder: Path) -> Tier | None:
    """Return the tier of the connector in a folder; None: not even bronze, or its quality.yaml cannot be read."""
    try:
        return quality_of(folder).tier
    except ManifestProblems:
        return None
