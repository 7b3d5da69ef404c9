"""Surveys: who was asked or why not, the loops low scores opened, and house rules by version."""

from alembic import op

revision = "2026112674"
down_revision = "2026112672"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE policy_versions (
    kind text NOT NULL,
    version integer NOT NULL,
    definition jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    CONSTRAINT policy_versions_pkey PRIMARY KEY (kind, version)
);

ALTER TABLE policies ADD COLUMN version integer NOT NULL DEFAULT 1;
INSERT INTO policy_versions SELECT kind, 1, definition, updated_at, 'apply' FROM policies;

CREATE TABLE surveys (
    id uuid NOT NULL,
    occasion text NOT NULL,
    subject text NOT NULL,
    state text NOT NULL,
    reasons text[] NOT NULL DEFAULT '{}',
    template text,
    version integer,
    language text,
    way text,
    call_id text,
    interaction_id uuid,
    ticket_id uuid,
    customer_ref text,
    phone text,
    agent text,
    line text,
    token_hash bytea,
    proposed_at timestamptz NOT NULL,
    decided_at timestamptz,
    sent_at timestamptz,
    reminded_at timestamptz,
    expires_at timestamptz,
    answered_at timestamptz,
    feedback_id uuid,
    CONSTRAINT surveys_pkey PRIMARY KEY (id),
    CONSTRAINT surveys_occasion_subject_key UNIQUE (occasion, subject),
    CONSTRAINT surveys_interaction_id_fkey FOREIGN KEY (interaction_id) REFERENCES interactions (id) ON DELETE SET NULL,
    CONSTRAINT surveys_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets (id) ON DELETE SET NULL,
    CONSTRAINT surveys_feedback_id_fkey FOREIGN KEY (feedback_id) REFERENCES feedback (id) ON DELETE SET NULL
);
CREATE UNIQUE INDEX surveys_token_hash_key ON surveys (token_hash);
CREATE INDEX surveys_interaction_id_idx ON surveys (interaction_id);
CREATE INDEX surveys_ticket_id_idx ON surveys (ticket_id);
CREATE INDEX surveys_feedback_id_idx ON surveys (feedback_id);
CREATE INDEX surveys_phone_idx ON surveys (phone, decided_at);
CREATE INDEX surveys_customer_ref_idx ON surveys (customer_ref, decided_at);
CREATE INDEX surveys_proposed_at_idx ON surveys (proposed_at DESC, id DESC);
CREATE INDEX surveys_undecided_idx ON surveys (proposed_at) WHERE state = 'proposed';

CREATE TABLE feedback_loops (
    feedback_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    customer_ref text,
    phone text,
    opened_at timestamptz NOT NULL,
    contacted_at timestamptz,
    contacted_by text,
    closed_at timestamptz,
    escalated_at timestamptz,
    CONSTRAINT feedback_loops_pkey PRIMARY KEY (feedback_id),
    CONSTRAINT feedback_loops_feedback_id_fkey FOREIGN KEY (feedback_id) REFERENCES feedback (id) ON DELETE CASCADE,
    CONSTRAINT feedback_loops_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets (id) ON DELETE CASCADE
);
CREATE INDEX feedback_loops_ticket_id_idx ON feedback_loops (ticket_id);
CREATE INDEX feedback_loops_opened_at_idx ON feedback_loops (opened_at);
CREATE INDEX feedback_loops_uncontacted_phone_idx ON feedback_loops (phone) WHERE contacted_at IS NULL;
CREATE INDEX feedback_loops_uncontacted_customer_ref_idx ON feedback_loops (customer_ref) WHERE contacted_at IS NULL;
CREATE INDEX feedback_loops_open_idx ON feedback_loops (opened_at) WHERE closed_at IS NULL;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE feedback_loops, surveys, policy_versions")
    op.execute("ALTER TABLE policies DROP COLUMN version")
