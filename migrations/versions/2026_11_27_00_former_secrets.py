"""Secrets of connections that were replaced and still prove their sender for a while."""

from alembic import op

revision = "2026112700"
down_revision = "2026112699"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE connection_secrets ADD COLUMN former bytea, ADD COLUMN former_until timestamptz")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE connection_secrets DROP COLUMN former, DROP COLUMN former_until")
