"""Tables of the call: what arrived, the interaction and its legs, the pops they promise, what each agent was sent."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from tieline.store.tables_metadata import Instant, Words, metadata

inbox = Table(
    "inbox",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("connection", Words, nullable=False),
    Column("dedupe_key", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("headers", JSONB, nullable=False, server_default=text("'{}'")),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("state", Words, nullable=False, server_default=text("'accepted'")),
    Column("note", Words),
    UniqueConstraint("connection", "dedupe_key"),
    Index("inbox_received_at_idx", "received_at"),
)
"""Raw bytes as they came, kept before anything reads them."""

interactions = Table(
    "interactions",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("provider", Words, nullable=False),
    Column("call_key", Words, nullable=False),
    Column("direction", Words, nullable=False),
    Column("customer_raw", Words, nullable=False, server_default=text("''")),
    Column("customer_e164", Words),
    Column("customer_national", Words),
    Column("customer_extension", Words),
    Column("withheld", Boolean, nullable=False, server_default=text("false")),
    Column("internal", Boolean, nullable=False, server_default=text("false")),
    Column("line", Words),
    Column("queue", Words),
    Column("state", Words, nullable=False),
    Column("outcome", Words),
    Column("id_quality", Words),
    Column("customer_ref", Words),
    Column("chosen_by", Words),
    Column("identity_level", Integer, nullable=False, server_default=text("0")),
    Column("started_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    Column("last_event_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("talk_s", Integer),
    Column("wait_s", Integer),
    Column("hangup_cause", Words),
    Column("recording_ref", Words),
    UniqueConstraint("provider", "call_key"),
)
"""One contact with one customer, however many legs it took. `talk_s` and `wait_s` are whole seconds."""

Index("interactions_customer_e164_started_at_idx", interactions.c.customer_e164, interactions.c.started_at.desc())
Index("interactions_customer_ref_started_at_idx", interactions.c.customer_ref, interactions.c.started_at.desc())
Index("interactions_unsettled_idx", interactions.c.last_event_at, postgresql_where=text("settled_at IS NULL"))
Index("interactions_started_at_idx", interactions.c.started_at)
Index("interactions_internal_idx", interactions.c.started_at, postgresql_where=text("internal"))

call_aliases = Table(
    "call_aliases",
    metadata,
    Column("provider", Words, primary_key=True),
    Column("call_key", Words, primary_key=True),
    Column("interaction_id", ForeignKey(interactions.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("joined_by", Words, nullable=False),
    Index("call_aliases_call_key_idx", "call_key"),
)
"""Every id a PBX uses for a call, the original one among them. Joined by: given linked derived heuristic; or kept apart."""

legs = Table(
    "legs",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("interaction_id", ForeignKey(interactions.c.id, ondelete="CASCADE"), nullable=False),
    Column("leg_key", Words, nullable=False),
    Column("agent", Words),
    Column("extension", Words),
    Column("queue", Words),
    Column("kind", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("outcome", Words),
    Column("rang_at", Instant),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    Column("talk_s", Integer),
    UniqueConstraint("interaction_id", "leg_key"),
    Index("legs_agent_answered_at_idx", "agent", "answered_at"),
)
"""One telephone at one end of an interaction."""

call_events = Table(
    "call_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("interaction_id", ForeignKey(interactions.c.id, ondelete="CASCADE"), nullable=False),
    Column("leg_key", Words),
    Column("type", Words, nullable=False),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("dedupe_key", Words, nullable=False),
    Column("effect", Words, nullable=False),
    Column("event", JSONB, nullable=False),
    UniqueConstraint("interaction_id", "dedupe_key"),
)
"""Every event once, with what it changed; the trace is read from here."""

pops = Table(
    "pops",
    metadata,
    Column("id", Words, primary_key=True),
    Column("interaction_id", ForeignKey(interactions.c.id, ondelete="CASCADE")),
    Column("call_id", Words),
    Column("agent", Words),
    Column("mode", Words, nullable=False, server_default=text("'full'")),
    Column("direction", Words, nullable=False, server_default=text("'inbound'")),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("seq", Integer, nullable=False, server_default=text("0")),
    Column("promised_at", Instant, nullable=False),
    Column("claimed_at", Instant),
    Column("claimed_by", Words),
    Column("shown_at", Instant),
    Column("acked_at", Instant),
    Column("acked_by", Words),
    Column("withdrawn_at", Instant),
    Column("chosen_ref", Words),
    Column("match_state", Words),
    Column("trace", JSONB, nullable=False, server_default=text("'{}'")),
    Index("pops_call_id_idx", "call_id"),
    Index(
        "pops_interaction_id_agent_key",
        "interaction_id",
        "agent",
        unique=True,
        postgresql_where=text("interaction_id IS NOT NULL"),
    ),
    Index("pops_unserved_idx", "promised_at", postgresql_where=text("state IN ('promised', 'claimed')")),
    Index("pops_followed_idx", "shown_at", postgresql_where=text("state = 'shown' AND claimed_by IS NOT NULL")),
)
"""A promise to show one agent one call. States: promised claimed shown withdrawn suppressed answered."""

pop_codes = Table(
    "pop_codes",
    metadata,
    Column("code_sha256", LargeBinary, primary_key=True),
    Column("pop_id", Words, nullable=False),
    Column("agent", Words),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
)
"""One-time codes that open a pop page; only their digests are kept."""

agent_events = Table(
    "agent_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agent", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("pop_id", Words, nullable=False),
    Column("seq", Integer, nullable=False, server_default=text("0")),
    Column("payload", JSONB, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Index("agent_events_agent_id_idx", "agent", "id"),
)
"""What was sent to each agent's screen, in order, so that a lost stream resumes."""

call_wrap_ups = Table(
    "call_wrap_ups",
    metadata,
    Column("interaction_id", ForeignKey(interactions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("disposition", Words),
    Column("notes", Words),
    Column("by", Words, nullable=False),
    Column("at", Instant, nullable=False),
)
"""What an agent says of a call when it is over."""
