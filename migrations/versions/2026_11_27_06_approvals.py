"""What waits for a second person, and what they said."""

from alembic import op

revision = "2026112706"
down_revision = "2026112705"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("""
        CREATE TABLE approvals (
            id uuid PRIMARY KEY, action text NOT NULL, digest text NOT NULL, details jsonb NOT NULL, asked_by text NOT NULL,
            behind text[] NOT NULL, asked_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, verdict text,
            decided_by text, decided_at timestamptz, used_at timestamptz
        )
    """)
    op.execute("CREATE INDEX approvals_digest_idx ON approvals (digest) WHERE used_at IS NULL")
    op.execute("CREATE INDEX approvals_expires_at_idx ON approvals (expires_at) WHERE used_at IS NULL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE approvals")
