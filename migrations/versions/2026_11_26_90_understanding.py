"""Feedback: what its text was understood to mean."""

from alembic import op

revision = "2026112690"
down_revision = "2026112687"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE feedback ADD COLUMN understood jsonb")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE feedback DROP COLUMN understood")
