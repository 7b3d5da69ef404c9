"""The table of what customers said of us."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, SmallInteger, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from tieline.store.tables_calls import interactions
from tieline.store.tables_metadata import Instant, Words, metadata
from tieline.store.tables_tickets import tickets

_NOTHING = text("'{}'")
UNLINKED = text(
    "(NOT customer_known OR (call_id IS NOT NULL AND interaction_id IS NULL) OR (ticket_there IS NOT NULL AND ticket_id IS NULL))"
)
"""Something about it may still become known."""

feedback = Table(
    "feedback",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("kind", Words, nullable=False),
    Column("score", SmallInteger),
    Column("text", Words),
    Column("channel", Words, nullable=False),
    Column("call_id", Words),
    Column("interaction_id", ForeignKey(interactions.c.id, ondelete="SET NULL"), index=True),
    Column("ticket_id", ForeignKey(tickets.c.id, ondelete="SET NULL"), index=True),
    Column("customer_ref", Words),
    Column("phone", Words),
    Column("customer_known", Boolean, nullable=False, server_default=text("false")),
    Column("agent", Words),
    Column("tags", ARRAY(Text), nullable=False, server_default=_NOTHING),
    Column("causes", ARRAY(Text), nullable=False, server_default=_NOTHING),
    Column("at", Instant, nullable=False, index=True),
    Column("received_at", Instant, nullable=False),
    Column("received_by", Words, nullable=False),
    Column("origin", Words),
    Column("external_id", Words),
    Column("ticket_there", Words),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("follow_up", Words),
    Column("follow_up_ticket", ForeignKey(tickets.c.id, ondelete="SET NULL"), index=True),
    Column("written", JSONB, nullable=False, server_default=_NOTHING),
    Column("understood", JSONB),
    Column("purchase", JSONB),
    Column("corrected", JSONB),
    UniqueConstraint("origin", "external_id"),
    Index("feedback_unlinked_idx", "received_at", postgresql_where=UNLINKED),
)
"""`customer_known`: somebody's reference belongs to it, its own or by its call or ticket. `written`: connection → what it was
told. `understood`: what its text was taken to mean, and by whom. `purchase`: what they had bought, as the systems tell.
`corrected`: what a person says it is about, whatever was suggested: `causes`, `sentiment`, `by`, `at`, `version` of the tree."""

Index("feedback_received_at_idx", feedback.c.received_at.desc(), feedback.c.id.desc())
Index("feedback_agent_idx", feedback.c.agent, feedback.c.received_at.desc())
Index("feedback_customer_ref_idx", feedback.c.customer_ref, feedback.c.received_at.desc())
Index("feedback_corrected_idx", feedback.c.at, postgresql_where=feedback.c.corrected.is_not(None))
Index("feedback_call_id_idx", feedback.c.call_id)
