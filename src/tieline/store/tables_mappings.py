"""Tables of how a company's mapping rows came to be: a draft for each connection, and every version that was published."""

from sqlalchemy import Column, ForeignKey, Integer, Table
from sqlalchemy.dialects.postgresql import JSONB

from tieline.store.tables_configuration import connections
from tieline.store.tables_metadata import Instant, Words, metadata

mapping_drafts = Table(
    "mapping_drafts",
    metadata,
    Column("connection", ForeignKey(connections.c.name, ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("kinds", JSONB),
    Column("updated_by", Words, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
"""`revision` counts every change of the mapping, drafts and publications alike. `kinds` is null while there is no draft."""

mapping_versions = Table(
    "mapping_versions",
    metadata,
    Column("connection", ForeignKey(connections.c.name, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kinds", JSONB, nullable=False),
    Column("origin", Words, nullable=False),
    Column("made_by", Words, nullable=False),
    Column("made_at", Instant, nullable=False),
)
"""What held from a moment on, by record kind, as `mapping_overrides` keeps it. `origin`: published, rolled_back, or found
(set by an apply file, and kept before it was replaced)."""
