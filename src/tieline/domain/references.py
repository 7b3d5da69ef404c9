"""How we point at an object in somebody else's system."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalRef:
    """Connection, object kind and the vendor's id. Written `crm:003xx` where the kind is clear."""

    connection: str
    kind: str = "customer"
    id: str

    @classmethod
    def parse(cls, text: str, *, kind: str = "customer") -> Self:
        """Read `connection:id`. Raises: ValueError: no colon, or an empty side."""
        connection, colon, identifier = text.partition(":")
        if not (connection and colon and identifier):
            message = "a reference is written connection:id"
            raise ValueError(message)
        return cls(connection=connection, kind=kind, id=identifier)

    def __str__(self) -> str:
        return f"{self.connection}:{self.id}"


def survivor_of(ref: ExternalRef, merged_into: str | None) -> str | None:
    """Return the reference, as `crm:003xx`, of whom a system says the record `ref` was merged into; None: nobody."""
    if not merged_into:
        return None
    return merged_into if ":" in merged_into else f"{ref.connection}:{merged_into}"
