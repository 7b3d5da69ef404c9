"""Keys that may be used from some networks only, and that run out in favour of a successor."""

from alembic import op

revision = "2026112687"
down_revision = "2026112685"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE api_keys ADD COLUMN networks text[] NOT NULL DEFAULT '{}', ADD COLUMN successor text")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE api_keys DROP COLUMN networks, DROP COLUMN successor")
