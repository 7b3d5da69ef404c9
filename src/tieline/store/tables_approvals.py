"""The table of what waits for a second person."""

from sqlalchemy import Column, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from tieline.store.tables_metadata import Instant, Words, metadata

approvals = Table(
    "approvals",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("action", Words, nullable=False),
    Column("digest", Words, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("asked_by", Words, nullable=False),
    Column("behind", ARRAY(Text), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("verdict", Words),
    Column("decided_by", Words),
    Column("decided_at", Instant),
    Column("used_at", Instant),
    Index("approvals_digest_idx", "digest", postgresql_where=text("used_at IS NULL")),
    Index("approvals_expires_at_idx", "expires_at", postgresql_where=text("used_at IS NULL")),
)
"""`digest` is a keyed stand-in of exactly what is asked, and of who asks; `details` what whoever decides is told of it, without
a customer's data. `behind`: who may not decide: the asker, and whoever made the key they ask with. `expires_at` moves with the
verdict."""
