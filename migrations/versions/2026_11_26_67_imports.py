"""Imports: how far each file was read."""

from alembic import op

revision = "2026112667"
down_revision = "2026112665"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE imports (
    kind text NOT NULL,
    digest text NOT NULL,
    as_of timestamptz NOT NULL,
    begun_at timestamptz NOT NULL,
    finished_at timestamptz,
    rows_read bigint NOT NULL DEFAULT 0,
    rows_taken bigint NOT NULL DEFAULT 0,
    rows_rejected bigint NOT NULL DEFAULT 0,
    keys_changed bigint NOT NULL DEFAULT 0,
    rejects_bytes bigint NOT NULL DEFAULT 0,
    CONSTRAINT imports_pkey PRIMARY KEY (kind, digest)
);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE imports")
