"""Wrap-ups: what an agent says of a call when it is over."""

from alembic import op

revision = "2026112640"
down_revision = "2026112631"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE call_wrap_ups (
    interaction_id uuid NOT NULL,
    disposition text,
    notes text,
    by text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT call_wrap_ups_pkey PRIMARY KEY (interaction_id),
    CONSTRAINT call_wrap_ups_interaction_id_fkey FOREIGN KEY (interaction_id) REFERENCES interactions (id) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE call_wrap_ups")
