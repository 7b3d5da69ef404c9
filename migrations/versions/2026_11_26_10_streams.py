"""Streams: how each exchange that is listened to stands, and what was heard and not yet read."""

from alembic import op

revision = "2026112610"
down_revision = "2026112609"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE stream_states (
    connection text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    connected_at timestamptz,
    last_event_at timestamptz,
    heard bigint NOT NULL DEFAULT 0,
    gaps bigint NOT NULL DEFAULT 0,
    filtered boolean NOT NULL DEFAULT false,
    fault text,
    updated_at timestamptz NOT NULL,
    CONSTRAINT stream_states_pkey PRIMARY KEY (connection)
);
CREATE INDEX inbox_unread_idx ON inbox (connection, received_at) WHERE kind = 'stream' AND state = 'accepted';
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP INDEX inbox_unread_idx")
    op.execute("DROP TABLE stream_states")
