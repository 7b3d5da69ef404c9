"""The table of what our own rules make of customers."""

from sqlalchemy import Column, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tieline.store.tables_metadata import Instant, Words, metadata

customer_standings = Table(
    "customer_standings",
    metadata,
    Column("customer_ref", Words, primary_key=True),
    Column("phone", Words),
    Column("tier", Words),
    Column("tags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("reasons", JSONB, nullable=False, server_default=text("'[]'")),
    Column("version", Integer),
    Column("computed_at", Instant),
    Column("due_at", Instant),
    Index("customer_standings_due_at_idx", "due_at", postgresql_where=text("due_at IS NOT NULL")),
)
"""Tier and tags by the rules of kind `customers`, with the `reasons`; `due_at`: something happened since it was computed."""
