"""Feedback: what customers said, whom and what it is about, what was done, whom it was told."""

from alembic import op

revision = "2026112660"
down_revision = "2026112650"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE feedback (
    id uuid NOT NULL,
    kind text NOT NULL,
    score smallint,
    text text,
    channel text NOT NULL,
    call_id text,
    interaction_id uuid,
    ticket_id uuid,
    customer_ref text,
    phone text,
    customer_known boolean NOT NULL DEFAULT false,
    agent text,
    tags text[] NOT NULL DEFAULT '{}',
    causes text[] NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,
    origin text,
    external_id text,
    ticket_there text,
    revision integer NOT NULL DEFAULT 1,
    follow_up text,
    follow_up_ticket uuid,
    written jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT feedback_pkey PRIMARY KEY (id),
    CONSTRAINT feedback_origin_external_id_key UNIQUE (origin, external_id),
    CONSTRAINT feedback_interaction_id_fkey FOREIGN KEY (interaction_id) REFERENCES interactions (id) ON DELETE SET NULL,
    CONSTRAINT feedback_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets (id) ON DELETE SET NULL,
    CONSTRAINT feedback_follow_up_ticket_fkey FOREIGN KEY (follow_up_ticket) REFERENCES tickets (id) ON DELETE SET NULL
);
CREATE INDEX feedback_interaction_id_idx ON feedback (interaction_id);
CREATE INDEX feedback_ticket_id_idx ON feedback (ticket_id);
CREATE INDEX feedback_follow_up_ticket_idx ON feedback (follow_up_ticket);
CREATE INDEX feedback_at_idx ON feedback (at);
CREATE INDEX feedback_received_at_idx ON feedback (received_at DESC, id DESC);
CREATE INDEX feedback_agent_idx ON feedback (agent, received_at DESC);
CREATE INDEX feedback_customer_ref_idx ON feedback (customer_ref, received_at DESC);
CREATE INDEX feedback_call_id_idx ON feedback (call_id);
CREATE INDEX feedback_unlinked_idx ON feedback (received_at) WHERE NOT customer_known
    OR (call_id IS NOT NULL AND interaction_id IS NULL) OR (ticket_there IS NOT NULL AND ticket_id IS NULL);
CREATE INDEX interactions_started_at_idx ON interactions (started_at);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP INDEX interactions_started_at_idx")
    op.execute("DROP TABLE feedback")
