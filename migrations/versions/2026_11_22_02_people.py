"""People: the index of numbers, what was decided about numbers, what waits for a reviewer."""

from alembic import op

revision = "2026112202"
down_revision = "2026112201"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE identity_keys (
    e164 text NOT NULL,
    extension text NOT NULL DEFAULT '',
    connection text NOT NULL,
    external_kind text NOT NULL,
    external_id text NOT NULL,
    last8 text NOT NULL,
    label text,
    direct boolean NOT NULL DEFAULT false,
    display_name text,
    party_kind text NOT NULL DEFAULT 'person',
    company text,
    tier text,
    tags text[] NOT NULL DEFAULT '{}',
    verified boolean NOT NULL DEFAULT false,
    seen_at timestamptz NOT NULL,
    CONSTRAINT identity_keys_pkey PRIMARY KEY (e164, extension, connection, external_kind, external_id)
);
CREATE INDEX identity_keys_last8_idx ON identity_keys (last8);
CREATE INDEX identity_keys_reference_idx ON identity_keys (connection, external_kind, external_id);

CREATE TABLE number_marks (
    e164 text NOT NULL,
    mark text,
    remembered_ref text,
    remembered_until timestamptz,
    marked_by text,
    marked_at timestamptz NOT NULL,
    CONSTRAINT number_marks_pkey PRIMARY KEY (e164)
);

CREATE TABLE number_choices (
    e164 text NOT NULL,
    ref text NOT NULL,
    interaction_id uuid,
    chosen_by text NOT NULL,
    chosen_at timestamptz NOT NULL
);
CREATE INDEX number_choices_e164_chosen_at_idx ON number_choices (e164, chosen_at DESC);

CREATE TABLE review_items (
    id uuid NOT NULL,
    kind text NOT NULL,
    subject_key text NOT NULL,
    state text NOT NULL DEFAULT 'open',
    count integer NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    due_at timestamptz,
    call_ids text[] NOT NULL DEFAULT '{}',
    suggestions jsonb NOT NULL DEFAULT '[]',
    decided_by text,
    decided_at timestamptz,
    decision jsonb,
    CONSTRAINT review_items_pkey PRIMARY KEY (id)
);
CREATE INDEX review_items_expiry_idx ON review_items (expires_at) WHERE state = 'open';
CREATE UNIQUE INDEX review_items_open_key ON review_items (kind, subject_key) WHERE state = 'open';
CREATE INDEX review_items_state_last_at_idx ON review_items (state, last_at DESC, id DESC);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE review_items, number_choices, number_marks, identity_keys")
