"""Webhooks: work on what arrived, which news is newest, what happened for rules, how far each pull has come."""

from alembic import op

revision = "2026112602"
down_revision = "2026112601"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE inbox_work (
    inbox_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'waiting',
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    faults integer NOT NULL DEFAULT 0,
    crashes integer NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    CONSTRAINT inbox_work_pkey PRIMARY KEY (inbox_id),
    CONSTRAINT inbox_work_inbox_id_fkey FOREIGN KEY (inbox_id) REFERENCES inbox (id) ON DELETE CASCADE
);
CREATE INDEX inbox_work_due_at_idx ON inbox_work (due_at);

CREATE TABLE object_versions (
    connection text NOT NULL,
    kind text NOT NULL,
    object_id text NOT NULL,
    rank text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    status text,
    seen_at timestamptz NOT NULL,
    CONSTRAINT object_versions_pkey PRIMARY KEY (connection, kind, object_id)
);
CREATE INDEX object_versions_seen_at_idx ON object_versions (seen_at);

CREATE TABLE events (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    subject text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    fields jsonb NOT NULL,
    taken_at timestamptz,
    CONSTRAINT events_pkey PRIMARY KEY (id)
);
CREATE INDEX events_waiting_idx ON events (id) WHERE taken_at IS NULL;
CREATE INDEX events_recorded_at_idx ON events (recorded_at);

CREATE TABLE pull_cursors (
    connection text NOT NULL,
    operation text NOT NULL,
    since timestamptz NOT NULL,
    pulled_at timestamptz NOT NULL,
    rows bigint NOT NULL DEFAULT 0,
    CONSTRAINT pull_cursors_pkey PRIMARY KEY (connection, operation)
);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE pull_cursors, events, object_versions, inbox_work")
