"""Tables of who is calling: the index of numbers, what people said about numbers, and what waits for a reviewer."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from tieline.store.tables_metadata import Instant, Words, metadata

identity_keys = Table(
    "identity_keys",
    metadata,
    Column("e164", Words, primary_key=True),
    Column("extension", Words, primary_key=True, server_default=text("''")),
    Column("connection", Words, primary_key=True),
    Column("external_kind", Words, primary_key=True),
    Column("external_id", Words, primary_key=True),
    Column("last8", Words, nullable=False),
    Column("label", Words),
    Column("direct", Boolean, nullable=False, server_default=text("false")),
    Column("display_name", Words),
    Column("party_kind", Words, nullable=False, server_default=text("'person'")),
    Column("company", Words),
    Column("tier", Words),
    Column("tags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("verified", Boolean, nullable=False, server_default=text("false")),
    Column("seen_at", Instant, nullable=False),
    Index("identity_keys_last8_idx", "last8"),
    Index("identity_keys_reference_idx", "connection", "external_kind", "external_id"),
)
"""Every number of every party in every system, normalised alike. `last8` are the last eight digits."""

number_marks = Table(
    "number_marks",
    metadata,
    Column("e164", Words, primary_key=True),
    Column("mark", Words),
    Column("remembered_ref", Words),
    Column("remembered_until", Instant),
    Column("marked_by", Words),
    Column("marked_at", Instant, nullable=False),
)
"""What people decided about a number: shared, company, direct, spam, or whom it usually means."""

number_choices = Table(
    "number_choices",
    metadata,
    Column("e164", Words, nullable=False),
    Column("ref", Words, nullable=False),
    Column("interaction_id", UUID(as_uuid=True)),
    Column("chosen_by", Words, nullable=False),
    Column("chosen_at", Instant, nullable=False),
)
"""Who was chosen when several fitted; two people in a short time make a number shared."""

Index("number_choices_e164_chosen_at_idx", number_choices.c.e164, number_choices.c.chosen_at.desc())

review_items = Table(
    "review_items",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("kind", Words, nullable=False),
    Column("subject_key", Words, nullable=False),
    Column("state", Words, nullable=False, server_default=text("'open'")),
    Column("count", Integer, nullable=False, server_default=text("1")),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("call_ids", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("suggestions", JSONB, nullable=False, server_default=text("'[]'")),
    Column("decided_by", Words),
    Column("decided_at", Instant),
    Column("decision", JSONB),
    Index("review_items_open_key", "kind", "subject_key", unique=True, postgresql_where=text("state = 'open'")),
    Index("review_items_expiry_idx", "expires_at", postgresql_where=text("state = 'open'")),
)
"""One question for a person: at most one open item per kind and subject."""

Index("review_items_state_last_at_idx", review_items.c.state, review_items.c.last_at.desc(), review_items.c.id.desc())
