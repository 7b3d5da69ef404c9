"""What a person says a text is about, beside what it was taken to mean; causes are counted by their word."""

from alembic import op

revision = "2026112701"
down_revision = "2026112700"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE feedback ADD COLUMN corrected jsonb")
    op.execute("CREATE INDEX feedback_corrected_idx ON feedback (at) WHERE corrected IS NOT NULL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE feedback DROP COLUMN corrected")
