"""The chain over the audit trail and its checkpoints, both append-only."""

from alembic import op

revision = "2026112609"
down_revision = "2026112602"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE audit_seals (
    number bigint NOT NULL,
    digest bytea NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT audit_seals_pkey PRIMARY KEY (number),
    CONSTRAINT audit_seals_seq_key UNIQUE (seq)
);

CREATE TABLE audit_checkpoints (
    number bigint NOT NULL,
    digest bytea NOT NULL,
    at timestamptz NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT audit_checkpoints_pkey PRIMARY KEY (number)
);
"""

APPEND_ONLY = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)
    for table in ("audit_seals", "audit_checkpoints"):
        op.execute(APPEND_ONLY.format(table=table))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE audit_checkpoints, audit_seals")
