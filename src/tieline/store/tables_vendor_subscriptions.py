"""The table of what vendors were asked to tell us of."""

from sqlalchemy import Boolean, Column, Integer, Table, text

from tieline.store.tables_metadata import Instant, Words, metadata

vendor_subscriptions = Table(
    "vendor_subscriptions",
    metadata,
    Column("connection", Words, primary_key=True),
    Column("settings", Words, nullable=False),
    Column("external_id", Words),
    Column("expires_at", Instant),
    Column("kept_at", Instant),
    Column("retry_at", Instant),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("fault", Words),
    Column("doubtful", Boolean, nullable=False, server_default=text("false")),
    Column("request_key", Words),
    Column("act", Words),
    Column("claimed_until", Instant),
)
"""One for each connection whose subscriptions end by themselves. `settings`: a digest of what it was made with. `act` and
`claimed_until`: what somebody is doing about it now; a claim that has lapsed means that he died over it."""
