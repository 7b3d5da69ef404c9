"""Tables of what an administrator set up: connections and their secrets, lines, agents, trust order, mapping overrides."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from tieline.store.tables_metadata import Instant, Words, metadata

connections = Table(
    "connections",
    metadata,
    Column("name", Words, primary_key=True),
    Column("connector", Words, nullable=False),
    Column("folder", Words),
    Column("config", JSONB, nullable=False, server_default=text("'{}'")),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    Column("border", JSONB),
    Column("updated_at", Instant, nullable=False),
)
"""One authorised, configured use of a connector. `folder` is set when the connector lies outside the package.
`border`: where its system keeps data, and on what ground data may go there."""

connection_secrets = Table(
    "connection_secrets",
    metadata,
    Column("connection", ForeignKey(connections.c.name, ondelete="CASCADE"), primary_key=True),
    Column("field", Words, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("former", LargeBinary),
    Column("former_until", Instant),
)
"""Sealed bytes only; the key never enters the database. `former`: what was there before and still proves its sender until
`former_until`."""

lines = Table(
    "lines",
    metadata,
    Column("number", Words, primary_key=True),
    Column("definition", JSONB, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
"""Called numbers, each as its whole definition."""

agents = Table(
    "agents",
    metadata,
    Column("id", Words, primary_key=True),
    Column("definition", JSONB, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
"""People who take calls, each as the whole definition."""

sources = Table(
    "sources",
    metadata,
    Column("kind", Words, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("connection", ForeignKey(connections.c.name, ondelete="CASCADE"), nullable=False),
)
"""Who answers what, in order of trust; position 0 is trusted most."""

mapping_overrides = Table(
    "mapping_overrides",
    metadata,
    Column("connection", ForeignKey(connections.c.name, ondelete="CASCADE"), primary_key=True),
    Column("kind", Words, primary_key=True),
    Column("rows", JSONB, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
"""Rows laid over the connector's own mapping, by record kind."""

policies = Table(
    "policies",
    metadata,
    Column("kind", Words, primary_key=True),
    Column("definition", JSONB, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
)
"""House rules that are one document each, as they hold now: how tickets are handled, whom surveys ask."""

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("kind", Words, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("definition", JSONB, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Words, nullable=False),
)
"""Every version there was of a house rule: none is ever changed."""
