"""Erasures, the marks they leave, and the append-only ledger of consents."""

from alembic import op

revision = "2026112670"
down_revision = "2026112667"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE erasures (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    reason text NOT NULL,
    subject bytea,
    passes smallint NOT NULL DEFAULT 0,
    next_pass_at timestamptz,
    counts jsonb NOT NULL DEFAULT '{}',
    lifted_at timestamptz,
    CONSTRAINT erasures_pkey PRIMARY KEY (id)
);
CREATE INDEX erasures_next_pass_at_idx ON erasures (next_pass_at) WHERE next_pass_at IS NOT NULL;

CREATE TABLE erased_marks (
    token text NOT NULL,
    erasure_id uuid NOT NULL,
    CONSTRAINT erased_marks_pkey PRIMARY KEY (token),
    CONSTRAINT erased_marks_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES erasures (id) ON DELETE CASCADE
);
CREATE INDEX erased_marks_erasure_id_idx ON erased_marks (erasure_id);

CREATE TABLE consents (
    id bigint GENERATED ALWAYS AS IDENTITY,
    subject text NOT NULL,
    purpose text NOT NULL,
    given boolean NOT NULL,
    version text NOT NULL,
    channel text NOT NULL,
    evidence text,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    CONSTRAINT consents_pkey PRIMARY KEY (id)
);
CREATE INDEX consents_subject_idx ON consents (subject, purpose, at DESC, id DESC);
CREATE FUNCTION consents_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'consents is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER consents_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consents
    FOR EACH STATEMENT EXECUTE FUNCTION consents_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE consents, erased_marks, erasures")
    op.execute("DROP FUNCTION consents_refuse_change()")
