"""Tables of our own tickets: the hub, its links to other systems, its history, comments and attachments."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from tieline.store.tables_metadata import Instant, Words, metadata

_NOTHING = text("'{}'")
_NONE_YET = text("0")
FIRST_NUMBER = 1001
ticket_numbers = Sequence("ticket_numbers", start=FIRST_NUMBER, metadata=metadata)

tickets = Table(
    "tickets",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("subject", Words, nullable=False),
    Column("description", Words),
    Column("status", Words, nullable=False),
    Column("priority", Words, nullable=False),
    Column("category", Words),
    Column("assignee", Words),
    Column("order_number", Words),
    Column("tags", ARRAY(Text), nullable=False, server_default=_NOTHING),
    Column("source", Words, nullable=False),
    Column("customer_ref", Words),
    Column("phone", Words),
    Column("call_id", Words),
    Column("tier", Words),
    Column("created_by", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("version", Integer, nullable=False),
    Column("escalation", SmallInteger, nullable=False, server_default=_NONE_YET),
    Column("reopened", SmallInteger, nullable=False, server_default=_NONE_YET),
    Column("responded_at", Instant),
    Column("resolved_at", Instant),
    Column("closed_at", Instant),
    Column("response_due_at", Instant),
    Column("due_at", Instant),
    Column("sla_spent_s", Integer, nullable=False, server_default=_NONE_YET),
    Column("sla_running_since", Instant),
    Column("stamps", JSONB, nullable=False, server_default=_NOTHING),
    Index("tickets_call_id_idx", "call_id"),
)
"""Our own tickets. `stamps`: field → who gave it its present value, and when."""

Index("tickets_updated_at_idx", tickets.c.updated_at.desc(), tickets.c.id.desc())
Index("tickets_customer_ref_idx", tickets.c.customer_ref, tickets.c.updated_at.desc())
Index("tickets_phone_idx", tickets.c.phone, tickets.c.updated_at.desc())
Index("tickets_assignee_idx", tickets.c.assignee, postgresql_where=text("status NOT IN ('resolved', 'closed', 'cancelled')"))

ticket_links = Table(
    "ticket_links",
    metadata,
    Column("ticket_id", ForeignKey(tickets.c.id, ondelete="CASCADE"), primary_key=True),
    Column("connection", Words, primary_key=True),
    Column("external_id", Words),
    Column("external_url", Words),
    Column("version", Words),
    Column("agreed", JSONB, nullable=False, server_default=_NOTHING),
    Column("held", JSONB, nullable=False, server_default=_NOTHING),
    Column("generation", Integer, nullable=False, server_default=_NONE_YET),
    Column("fault", Words),
    Column("created_at", Instant, nullable=False),
    Column("synced_at", Instant),
    Index("ticket_links_external_key", "connection", "external_id", unique=True),
)
"""A ticket's copy in another system. `agreed`: field → the value both sides last agreed on, as each shows it; `held`: what they
say in a field that waits for a person. `generation` counts what we learned of it; `version` is the vendor's own stamp."""

ticket_events = Table(
    "ticket_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("ticket_id", ForeignKey(tickets.c.id, ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("details", JSONB, nullable=False, server_default=_NOTHING),
    Index("ticket_events_ticket_id_idx", "ticket_id", "id"),
)
"""The history: nothing in it is ever changed, a losing value included."""

ticket_comments = Table(
    "ticket_comments",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("ticket_id", ForeignKey(tickets.c.id, ondelete="CASCADE"), nullable=False),
    Column("text", Words, nullable=False),
    Column("author", Words, nullable=False),
    Column("public", Boolean, nullable=False, server_default=text("false")),
    Column("at", Instant, nullable=False),
    Column("origin", Words),
    Column("places", JSONB, nullable=False, server_default=_NOTHING),
    Index("ticket_comments_ticket_id_idx", "ticket_id", "at"),
)
"""What was written into a ticket. `origin`: the connection it came from; `places`: connection → its id there, null while it is
on its way."""

ticket_attachments = Table(
    "ticket_attachments",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("ticket_id", ForeignKey(tickets.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("comment_id", ForeignKey(ticket_comments.c.id, ondelete="CASCADE")),
    Column("name", Words, nullable=False),
    Column("media_type", Words, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Words),
    Column("url", Words),
    Column("by", Words, nullable=False),
    Column("at", Instant, nullable=False),
)
"""What is known of a file; the file itself stays where it is."""

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("answer", JSONB),
)
"""Requests that must not be carried out twice. `fingerprint`: digest of method, path and body; `answer`: set when it is done."""

refund_requests = Table(
    "refund_requests",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("kind", Words, nullable=False),
    Column("connection", Words, nullable=False),
    Column("order_number", Words, nullable=False),
    Column("ticket_id", ForeignKey(tickets.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("state", Words, nullable=False),
    Column("hold", Words, nullable=False),
    Column("copy", Words, nullable=False),
    Column("code", Words),
    Column("created_by", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
"""Refunds and returns: `hold` and `copy` are the two sides that must confirm."""
