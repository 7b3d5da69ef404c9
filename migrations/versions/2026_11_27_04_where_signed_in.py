"""What browser a session is of, and in what network it was opened, so that people know their own again."""

from alembic import op

revision = "2026112704"
down_revision = "2026112703"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE sessions ADD COLUMN device text NOT NULL DEFAULT '', ADD COLUMN address text NOT NULL DEFAULT ''")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE sessions DROP COLUMN device, DROP COLUMN address")
