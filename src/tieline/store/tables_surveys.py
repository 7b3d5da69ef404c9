"""Tables of surveys and of the loops that low scores open."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from tieline.store.tables_calls import interactions
from tieline.store.tables_feedback import feedback
from tieline.store.tables_metadata import Instant, Words, metadata
from tieline.store.tables_tickets import tickets

_NOTHING = text("'{}'")

surveys = Table(
    "surveys",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("occasion", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False, server_default=_NOTHING),
    Column("template", Words),
    Column("version", Integer),
    Column("language", Words),
    Column("way", Words),
    Column("call_id", Words),
    Column("interaction_id", ForeignKey(interactions.c.id, ondelete="SET NULL"), index=True),
    Column("ticket_id", ForeignKey(tickets.c.id, ondelete="SET NULL"), index=True),
    Column("customer_ref", Words),
    Column("phone", Words),
    Column("agent", Words),
    Column("line", Words),
    Column("token_hash", LargeBinary),
    Column("proposed_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("sent_at", Instant),
    Column("reminded_at", Instant),
    Column("expires_at", Instant),
    Column("answered_at", Instant),
    Column("feedback_id", ForeignKey(feedback.c.id, ondelete="SET NULL"), index=True),
    UniqueConstraint("occasion", "subject"),
    Index("surveys_token_hash_key", "token_hash", unique=True),
    Index("surveys_phone_idx", "phone", "decided_at"),
    Index("surveys_customer_ref_idx", "customer_ref", "decided_at"),
    Index("surveys_undecided_idx", "proposed_at", postgresql_where=text("state = 'proposed'")),
)
"""Every occasion to ask somebody, also those at which nobody was asked: `reasons` says why. `subject`: what the occasion was.
`version` is that of the survey rules; `token_hash` the SHA-256 of the page's token, which is kept nowhere."""

Index("surveys_proposed_at_idx", surveys.c.proposed_at.desc(), surveys.c.id.desc())

feedback_loops = Table(
    "feedback_loops",
    metadata,
    Column("feedback_id", ForeignKey(feedback.c.id, ondelete="CASCADE"), primary_key=True),
    Column("ticket_id", ForeignKey(tickets.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("customer_ref", Words),
    Column("phone", Words),
    Column("opened_at", Instant, nullable=False, index=True),
    Column("contacted_at", Instant),
    Column("contacted_by", Words),
    Column("closed_at", Instant),
    Column("escalated_at", Instant),
    Index("feedback_loops_uncontacted_phone_idx", "phone", postgresql_where=text("contacted_at IS NULL")),
    Index("feedback_loops_uncontacted_customer_ref_idx", "customer_ref", postgresql_where=text("contacted_at IS NULL")),
    Index("feedback_loops_open_idx", "opened_at", postgresql_where=text("closed_at IS NULL")),
)
"""From the day somebody was let down until it is settled. `contacted_at`: when we spoke with them again, `contacted_by` what
shows it: `call:<id>` or `comment:<id>`; `closed_at`: when the ticket was over."""
