"""Secrets that were replaced and still prove their sender for a while, so that nothing is lost between our change and theirs.

The intake is compiled once more for each way the former secrets may stand beside the present ones: all of them, as when a token
and a key are changed together, and each by itself. What the present secrets refuse is shown to those whose time is not over.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tieline.connectors.inbound.intake import Intake
from tieline.connectors.inbound.request import IntakeKind
from tieline.connectors.language.references import Reference, references
from tieline.connectors.manifest.schema import Manifest

Intakes = Mapping[IntakeKind, Intake]


@dataclass(frozen=True, slots=True)
class FormerSecret:
    """A secret that was replaced. From `until` on it proves nobody."""

    value: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class FormerIntakes:
    """The intakes as they were under former secrets."""

    intakes: Intakes
    until: datetime


def inbound_secrets(manifest: Manifest) -> frozenset[str]:
    """Return the secrets of a form by which the vendor proves itself, or seals what it sends."""
    inbound = manifest.inbound
    declared = [one for one in (inbound.call, inbound.event) if one is not None] if inbound else []
    proofs = [
        part.model_dump(by_alias=True)
        for one in declared
        for part in (*one.verify, one.sealed, *one.challenges)
        if part is not None
    ]
    found = (each for _, each in references(proofs) if isinstance(each, Reference) and each.root == "config" and each.steps)
    return frozenset(str(each.steps[0]) for each in found) & frozenset(manifest.secrets)


def compile_former(
    former: Mapping[str, FormerSecret], config: Mapping[str, Any], compiled: Callable[[Mapping[str, Any]], Intakes]
) -> tuple[FormerIntakes, ...]:
    """Return the intakes to fall back on. Raises: VendorMisconfigured: what was valid is so no more."""
    return tuple(
        FormerIntakes(
            compiled({**config, **{name: one.value for name, one in chosen.items()}}),
            min(one.until for one in chosen.values()),
        )
        for chosen in _choices(former)
    )


def _choices(former: Mapping[str, FormerSecret]) -> Iterator[Mapping[str, FormerSecret]]:
    if len(former) > 1:
        yield former
    for name, one in former.items():
        yield {name: one}
