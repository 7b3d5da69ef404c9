"""Refund and return requests that freeze an order until both sides have confirmed."""

from alembic import op

revision = "2026112650"
down_revision = "2026112640"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE refund_requests (
    id uuid NOT NULL,
    kind text NOT NULL,
    connection text NOT NULL,
    order_number text NOT NULL,
    ticket_id uuid NOT NULL,
    state text NOT NULL,
    hold text NOT NULL,
    copy text NOT NULL,
    code text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT refund_requests_pkey PRIMARY KEY (id),
    CONSTRAINT refund_requests_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets (id) ON DELETE CASCADE
);
CREATE INDEX refund_requests_ticket_id_idx ON refund_requests (ticket_id);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE refund_requests")
