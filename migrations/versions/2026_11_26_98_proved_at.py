"""When somebody who is signed in last showed who they are."""

from alembic import op

revision = "2026112698"
down_revision = "2026112697"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE sessions ADD COLUMN proved_at timestamptz")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE sessions DROP COLUMN proved_at")
