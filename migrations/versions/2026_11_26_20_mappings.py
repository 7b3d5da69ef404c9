"""Mappings: a draft for each connection, and every version that was published."""

from alembic import op

revision = "2026112620"
down_revision = "2026112610"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE mapping_drafts (
    connection text NOT NULL,
    revision integer NOT NULL,
    kinds jsonb,
    updated_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT mapping_drafts_pkey PRIMARY KEY (connection),
    CONSTRAINT mapping_drafts_connection_fkey FOREIGN KEY (connection) REFERENCES connections (name) ON DELETE CASCADE
);
CREATE TABLE mapping_versions (
    connection text NOT NULL,
    number integer NOT NULL,
    kinds jsonb NOT NULL,
    origin text NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT mapping_versions_pkey PRIMARY KEY (connection, number),
    CONSTRAINT mapping_versions_connection_fkey FOREIGN KEY (connection) REFERENCES connections (name) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE mapping_versions, mapping_drafts")
