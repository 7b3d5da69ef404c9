"""Tables of what is promised to other systems: the deliveries and every attempt at them."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Identity, Index, Integer, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from tieline.store.tables_metadata import Instant, Words, metadata

_NONE_YET = text("0")

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("connection", Words, nullable=False),
    Column("operation", Words, nullable=False),
    Column("object_kind", Words, nullable=False),
    Column("object_id", Words, nullable=False),
    Column("order_key", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("priority", Words, nullable=False, server_default=text("'live'")),
    Column("blocks", Boolean, nullable=False, server_default=text("false")),
    Column("inputs", JSONB, nullable=False),
    Column("state", Words, nullable=False, server_default=text("'pending'")),
    Column("state_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("promised_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=_NONE_YET),
    Column("failures", Integer, nullable=False, server_default=_NONE_YET),
    Column("held_back", Integer, nullable=False, server_default=_NONE_YET),
    Column("faults", Integer, nullable=False, server_default=_NONE_YET),
    Column("crashes", Integer, nullable=False, server_default=_NONE_YET),
    Column("fence", BigInteger, nullable=False, server_default=_NONE_YET),
    Column("claimed_by", Words),
    Column("first_tried_at", Instant),
    Column("sent", JSONB),
    Column("sent_at", Instant),
    Column("confirmed_at", Instant),
    Column("absent_at", Instant),
    Column("woken_at", Instant),
    Column("reason", Words),
    Column("external_id", Words),
    Column("external_url", Words),
    UniqueConstraint("key"),
    Index("deliveries_object_idx", "object_kind", "object_id", "position"),
)
"""One effect in another system, in the order promised. `due_at`: when it is looked at next; while claimed, when the claim lapses.

Counters: `attempts` claims, written before the work; `failures` ends that the retry schedule counts; `held_back` those that never
reached the vendor; `faults` our own; `crashes` workers that died over it. `sent_at`: a request may have left and its end is not
known; `sent` is what it held. `confirmed_at`: the vendor said yes, and only our own note of it failed. `absent_at`: first looked
for and not found.
"""

Index(
    "deliveries_order_idx",
    deliveries.c.connection,
    deliveries.c.order_key,
    deliveries.c.position,
    postgresql_where=text("state NOT IN ('delivered', 'withdrawn')"),
)
Index("deliveries_due_idx", deliveries.c.due_at, postgresql_where=text("state IN ('pending', 'claimed')"))
Index(
    "deliveries_stuck_idx",
    deliveries.c.state_at.desc(),
    deliveries.c.id.desc(),
    postgresql_where=text("state IN ('dead', 'parked', 'unknown')"),
)
Index("deliveries_settled_idx", deliveries.c.state_at, postgresql_where=text("state IN ('delivered', 'withdrawn')"))

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("delivery_id", ForeignKey(deliveries.c.id, ondelete="CASCADE"), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("purpose", Words, nullable=False),
    Column("worker", Words, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", Words),
    Column("kind", Words),
    Index("delivery_attempts_delivery_id_idx", "delivery_id", "id"),
)
"""One exchange with a vendor, written down before the first byte leaves. Without `ended_at` nobody heard how it ended."""
