"""The table of exchanges that are listened to."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, text

from tieline.store.tables_calls import inbox
from tieline.store.tables_metadata import Instant, Words, metadata

stream_states = Table(
    "stream_states",
    metadata,
    Column("connection", Words, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("connected_at", Instant),
    Column("last_event_at", Instant),
    Column("heard", BigInteger, nullable=False, server_default=text("0")),
    Column("gaps", BigInteger, nullable=False, server_default=text("0")),
    Column("filtered", Boolean, nullable=False, server_default=text("false")),
    Column("fault", Words),
    Column("updated_at", Instant, nullable=False),
)
"""How each stream stands, as the one process that listens to it last wrote. `gaps`: times it was lost since it was set up."""

Index(
    "inbox_unread_idx",
    inbox.c.connection,
    inbox.c.received_at,
    postgresql_where=text("kind = 'stream' AND state = 'accepted'"),
)
