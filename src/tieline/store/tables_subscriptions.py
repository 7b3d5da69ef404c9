"""The table of who is told what happens."""

from sqlalchemy import Column, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from tieline.store.tables_metadata import Instant, Words, metadata

webhook_subscriptions = Table(
    "webhook_subscriptions",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("url", Words, nullable=False),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("state", Words, nullable=False, server_default=text("'active'")),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Words, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("old_secret", LargeBinary),
    Column("old_secret_until", Instant),
)
"""`state`: active; paused by a person, what happens waits; gone, the receiver said it is no more. Secrets are sealed; the one
before the last change signs beside the new one until `old_secret_until`."""
