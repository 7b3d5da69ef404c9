"""Newest news: a version and a moment of its own for each object, since webhooks tell the one and pulls the other."""

from alembic import op

revision = "2026112631"
down_revision = "2026112630"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("""
        ALTER TABLE object_versions
            ADD COLUMN version text COLLATE "C", ADD COLUMN moment text COLLATE "C", DROP COLUMN rank
    """)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("""
        ALTER TABLE object_versions
            ADD COLUMN rank text COLLATE "C" NOT NULL DEFAULT '', DROP COLUMN version, DROP COLUMN moment
    """)
    op.execute("ALTER TABLE object_versions ALTER COLUMN rank DROP DEFAULT")
