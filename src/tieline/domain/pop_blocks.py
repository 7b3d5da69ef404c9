"""What a pop asks for besides the profile, and how long each answer counts as fresh."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

PROFILE = "profile"


@dataclass(frozen=True, slots=True)
class BlockKind:
    """One block of the pop: the records it shows, the operation that brings them, the age up to which they are fresh."""

    name: str
    record: str
    operation: str
    fresh: timedelta


BLOCK_KINDS: tuple[BlockKind, ...] = (
    BlockKind("orders", "order", "order.list", timedelta(seconds=60)),
    BlockKind("tickets", "ticket", "ticket.list", timedelta(seconds=60)),
    BlockKind("account", "account", "account.get", timedelta(seconds=30)),
    BlockKind("invoices", "invoice", "invoice.list", timedelta(minutes=5)),
    BlockKind("contracts", "contract", "contract.list", timedelta(minutes=10)),
)
PROFILE_KIND = BlockKind(PROFILE, "customer", "customer.find", timedelta(hours=6))
PROFILE_REVALIDATE_AFTER = timedelta(seconds=60)
NOBODY_FRESH = timedelta(seconds=30)
BLOCK_KIND_OF_RECORD: Mapping[str, BlockKind] = {kind.record: kind for kind in (PROFILE_KIND, *BLOCK_KINDS)}


def block_key(kind: BlockKind, *, connection: str, first: str) -> str:
    """Return the key a block has in the pop: its kind for the most trusted source, `kind@connection` for the others."""
    return kind.name if connection == first else f"{kind.name}@{connection}"
