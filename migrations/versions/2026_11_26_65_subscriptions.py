"""Subscriptions: who is told what happens, and which events were told."""

from alembic import op

revision = "2026112665"
down_revision = "2026112660"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("""
        CREATE TABLE webhook_subscriptions (
            id uuid PRIMARY KEY,
            url text NOT NULL,
            kinds text[] NOT NULL,
            state text NOT NULL DEFAULT 'active',
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            secret bytea NOT NULL,
            old_secret bytea,
            old_secret_until timestamptz
        )
    """)
    op.execute("ALTER TABLE events ADD COLUMN told_at timestamptz")
    op.execute("CREATE INDEX events_untold_idx ON events (id) WHERE told_at IS NULL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP INDEX events_untold_idx")
    op.execute("ALTER TABLE events DROP COLUMN told_at")
    op.execute("DROP TABLE webhook_subscriptions")
