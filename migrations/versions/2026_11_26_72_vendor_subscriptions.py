"""Vendors' subscriptions: until when each of them tells us what happens, and what became of the last attempt to keep it."""

from alembic import op

revision = "2026112672"
down_revision = "2026112670"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE vendor_subscriptions (
    connection text NOT NULL,
    settings text NOT NULL,
    external_id text,
    expires_at timestamptz,
    kept_at timestamptz,
    retry_at timestamptz,
    failures integer NOT NULL DEFAULT 0,
    fault text,
    doubtful boolean NOT NULL DEFAULT false,
    request_key text,
    act text,
    claimed_until timestamptz,
    CONSTRAINT vendor_subscriptions_pkey PRIMARY KEY (connection)
);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE vendor_subscriptions")
