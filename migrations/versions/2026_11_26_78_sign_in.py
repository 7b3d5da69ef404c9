"""People vouched for by a provider: who they are for good, what may be used once, and sessions that can be listed and ended."""

from alembic import op

revision = "2026112678"
down_revision = "2026112676"
branch_labels = None
depends_on = None

CHANGES = """
DELETE FROM sessions;
ALTER TABLE sessions
    ADD COLUMN id text NOT NULL,
    ALTER COLUMN agent DROP NOT NULL,
    ADD COLUMN admin text,
    ADD COLUMN role text,
    ADD COLUMN issuer text,
    ADD COLUMN subject text,
    ADD COLUMN issuer_session text,
    ADD CONSTRAINT sessions_id_key UNIQUE (id);
CREATE INDEX sessions_issuer_subject_idx ON sessions (issuer, subject) WHERE issuer IS NOT NULL;
CREATE TABLE sign_in_identities (
    issuer text NOT NULL,
    subject text NOT NULL,
    agent text NOT NULL,
    bound_at timestamptz NOT NULL,
    CONSTRAINT sign_in_identities_pkey PRIMARY KEY (issuer, subject),
    CONSTRAINT sign_in_identities_issuer_agent_key UNIQUE (issuer, agent)
);
CREATE TABLE sign_in_marks (
    digest bytea NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT sign_in_marks_pkey PRIMARY KEY (digest)
);
CREATE INDEX sign_in_marks_until_idx ON sign_in_marks (until);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(CHANGES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE sign_in_identities, sign_in_marks")
    op.execute(
        "DELETE FROM sessions; DROP INDEX sessions_issuer_subject_idx; "
        "ALTER TABLE sessions DROP COLUMN id, DROP COLUMN admin, DROP COLUMN role, DROP COLUMN issuer, DROP COLUMN subject, "
        "DROP COLUMN issuer_session, ALTER COLUMN agent SET NOT NULL"
    )
