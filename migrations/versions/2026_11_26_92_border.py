"""Where a connection's system keeps data, and on what ground data may go there."""

from alembic import op

revision = "2026112692"
down_revision = "2026112691"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE connections ADD COLUMN border jsonb")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE connections DROP COLUMN border")
