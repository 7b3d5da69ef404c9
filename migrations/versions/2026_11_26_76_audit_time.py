"""The audit trail is searched by time: entries come in its order, so that a summary of pages is enough."""

from alembic import op

revision = "2026112676"
down_revision = "2026112674"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("CREATE INDEX audit_entries_at_idx ON audit_entries USING brin (at)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP INDEX audit_entries_at_idx")
