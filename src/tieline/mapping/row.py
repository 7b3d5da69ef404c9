"""One compiled row: its text, and every part of it that has been given a meaning."""

from dataclasses import dataclass

from tieline.mapping.codecs.codec import Codec
from tieline.mapping.fields import CanonicalField
from tieline.mapping.paths import Path
from tieline.mapping.spec import Row
from tieline.mapping.words import Words


@dataclass(frozen=True, slots=True)
class CompiledRow:
    """`paths` are read, the most wanted first; `target` is written. `where` is the place to name in a complaint."""

    row: Row
    canonical: CanonicalField
    paths: tuple[Path, ...]
    target: Path | None
    codec: Codec | None
    words: Words | None
    default: object
    where: str

    @property
    def name(self) -> str:
        """The canonical field."""
        return self.row.name
