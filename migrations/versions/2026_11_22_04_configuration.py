"""Configuration: connections and their secrets, lines, agents, trust order, mapping overrides."""

from alembic import op

revision = "2026112204"
down_revision = "2026112203"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE connections (
    name text NOT NULL,
    connector text NOT NULL,
    folder text,
    config jsonb NOT NULL DEFAULT '{}',
    paused boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL,
    CONSTRAINT connections_pkey PRIMARY KEY (name)
);

CREATE TABLE connection_secrets (
    connection text NOT NULL,
    field text NOT NULL,
    sealed bytea NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT connection_secrets_pkey PRIMARY KEY (connection, field),
    CONSTRAINT connection_secrets_connection_fkey FOREIGN KEY (connection) REFERENCES connections (name) ON DELETE CASCADE
);

CREATE TABLE lines (
    number text NOT NULL,
    definition jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT lines_pkey PRIMARY KEY (number)
);

CREATE TABLE agents (
    id text NOT NULL,
    definition jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT agents_pkey PRIMARY KEY (id)
);

CREATE TABLE sources (
    kind text NOT NULL,
    position integer NOT NULL,
    connection text NOT NULL,
    CONSTRAINT sources_pkey PRIMARY KEY (kind, position),
    CONSTRAINT sources_connection_fkey FOREIGN KEY (connection) REFERENCES connections (name) ON DELETE CASCADE
);

CREATE TABLE mapping_overrides (
    connection text NOT NULL,
    kind text NOT NULL,
    rows jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT mapping_overrides_pkey PRIMARY KEY (connection, kind),
    CONSTRAINT mapping_overrides_connection_fkey FOREIGN KEY (connection) REFERENCES connections (name) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE mapping_overrides, sources, agents, lines, connection_secrets, connections")
