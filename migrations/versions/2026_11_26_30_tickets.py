"""Tickets: the hub, its links to other systems, history, comments, attachments; keys of requests that must not run twice."""

from alembic import op

revision = "2026112630"
down_revision = "2026112620"
branch_labels = None
depends_on = None

TABLES = """
CREATE SEQUENCE ticket_numbers START WITH 1001;

CREATE TABLE tickets (
    id uuid NOT NULL,
    number bigint NOT NULL,
    subject text NOT NULL,
    description text,
    status text NOT NULL,
    priority text NOT NULL,
    category text,
    assignee text,
    order_number text,
    tags text[] NOT NULL DEFAULT '{}',
    source text NOT NULL,
    customer_ref text,
    phone text,
    call_id text,
    tier text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL,
    escalation smallint NOT NULL DEFAULT 0,
    reopened smallint NOT NULL DEFAULT 0,
    responded_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    response_due_at timestamptz,
    due_at timestamptz,
    sla_spent_s integer NOT NULL DEFAULT 0,
    sla_running_since timestamptz,
    stamps jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT tickets_pkey PRIMARY KEY (id),
    CONSTRAINT tickets_number_key UNIQUE (number)
);
CREATE INDEX tickets_call_id_idx ON tickets (call_id);
CREATE INDEX tickets_updated_at_idx ON tickets (updated_at DESC, id DESC);
CREATE INDEX tickets_customer_ref_idx ON tickets (customer_ref, updated_at DESC);
CREATE INDEX tickets_phone_idx ON tickets (phone, updated_at DESC);
CREATE INDEX tickets_assignee_idx ON tickets (assignee) WHERE status NOT IN ('resolved', 'closed', 'cancelled');

CREATE TABLE ticket_links (
    ticket_id uuid NOT NULL,
    connection text NOT NULL,
    external_id text,
    external_url text,
    version text,
    agreed jsonb NOT NULL DEFAULT '{}',
    held jsonb NOT NULL DEFAULT '{}',
    generation integer NOT NULL DEFAULT 0,
    fault text,
    created_at timestamptz NOT NULL,
    synced_at timestamptz,
    CONSTRAINT ticket_links_pkey PRIMARY KEY (ticket_id, connection),
    CONSTRAINT ticket_links_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX ticket_links_external_key ON ticket_links (connection, external_id);

CREATE TABLE ticket_events (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    ticket_id uuid NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    kind text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT ticket_events_pkey PRIMARY KEY (id),
    CONSTRAINT ticket_events_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets (id) ON DELETE CASCADE
);
CREATE INDEX ticket_events_ticket_id_idx ON ticket_events (ticket_id, id);

CREATE TABLE ticket_comments (
    id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    text text NOT NULL,
    author text NOT NULL,
    public boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL,
    origin text,
    places jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT ticket_comments_pkey PRIMARY KEY (id),
    CONSTRAINT ticket_comments_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets (id) ON DELETE CASCADE
);
CREATE INDEX ticket_comments_ticket_id_idx ON ticket_comments (ticket_id, at);

CREATE TABLE ticket_attachments (
    id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    comment_id uuid,
    name text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text,
    url text,
    by text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT ticket_attachments_pkey PRIMARY KEY (id),
    CONSTRAINT ticket_attachments_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets (id) ON DELETE CASCADE,
    CONSTRAINT ticket_attachments_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES ticket_comments (id) ON DELETE CASCADE
);
CREATE INDEX ticket_attachments_ticket_id_idx ON ticket_attachments (ticket_id);

CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    taken_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    answer jsonb,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);

CREATE TABLE policies (
    kind text NOT NULL,
    definition jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT policies_pkey PRIMARY KEY (kind)
);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE policies, idempotency_keys, ticket_attachments, ticket_comments, ticket_events, ticket_links, tickets")
    op.execute("DROP SEQUENCE ticket_numbers")
