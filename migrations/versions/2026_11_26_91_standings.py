"""Customers: the tier and tags our own rules give them, with the reasons."""

from alembic import op

revision = "2026112691"
down_revision = "2026112690"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE customer_standings (
    customer_ref text NOT NULL,
    phone text,
    tier text,
    tags text[] NOT NULL DEFAULT '{}',
    reasons jsonb NOT NULL DEFAULT '[]',
    version integer,
    computed_at timestamptz,
    due_at timestamptz,
    CONSTRAINT customer_standings_pkey PRIMARY KEY (customer_ref)
);
CREATE INDEX customer_standings_due_at_idx ON customer_standings (due_at) WHERE due_at IS NOT NULL;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE customer_standings")
