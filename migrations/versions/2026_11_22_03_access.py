"""Access: API keys, sessions and the append-only audit trail."""

from alembic import op

revision = "2026112203"
down_revision = "2026112202"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE api_keys (
    id text NOT NULL,
    name text NOT NULL,
    secret_sha256 bytea NOT NULL,
    scopes text[] NOT NULL,
    agent text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id)
);

CREATE TABLE sessions (
    token_sha256 bytea NOT NULL,
    agent text NOT NULL,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (token_sha256)
);
CREATE INDEX sessions_agent_idx ON sessions (agent);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TABLE audit_entries (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    actor_role text,
    action text NOT NULL,
    subject text,
    call_id text,
    pop_id text,
    details jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT audit_entries_pkey PRIMARY KEY (seq)
);
CREATE INDEX audit_entries_actor_seq_idx ON audit_entries (actor, seq);
CREATE INDEX audit_entries_call_id_idx ON audit_entries (call_id);
CREATE INDEX audit_entries_subject_seq_idx ON audit_entries (subject, seq);
"""

APPEND_ONLY = """
CREATE FUNCTION audit_entries_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_entries is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE audit_entries, sessions, api_keys")
    op.execute("DROP FUNCTION audit_entries_refuse_change()")
