"""Calls: what arrived, interactions and legs, the pops they promise, what each agent was sent."""

from alembic import op

revision = "2026112201"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE inbox (
    id uuid NOT NULL,
    connection text NOT NULL,
    dedupe_key text NOT NULL,
    kind text NOT NULL,
    headers jsonb NOT NULL DEFAULT '{}',
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'accepted',
    note text,
    CONSTRAINT inbox_pkey PRIMARY KEY (id),
    CONSTRAINT inbox_connection_dedupe_key_key UNIQUE (connection, dedupe_key)
);
CREATE INDEX inbox_received_at_idx ON inbox (received_at);

CREATE TABLE interactions (
    id uuid NOT NULL,
    provider text NOT NULL,
    call_key text NOT NULL,
    direction text NOT NULL,
    customer_raw text NOT NULL DEFAULT '',
    customer_e164 text,
    customer_national text,
    customer_extension text,
    withheld boolean NOT NULL DEFAULT false,
    internal boolean NOT NULL DEFAULT false,
    line text,
    queue text,
    state text NOT NULL,
    outcome text,
    id_quality text,
    customer_ref text,
    chosen_by text,
    identity_level integer NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL,
    answered_at timestamptz,
    ended_at timestamptz,
    last_event_at timestamptz NOT NULL,
    settled_at timestamptz,
    talk_s integer,
    wait_s integer,
    hangup_cause text,
    recording_ref text,
    CONSTRAINT interactions_pkey PRIMARY KEY (id),
    CONSTRAINT interactions_provider_call_key_key UNIQUE (provider, call_key)
);
CREATE INDEX interactions_customer_e164_started_at_idx ON interactions (customer_e164, started_at DESC);
CREATE INDEX interactions_customer_ref_started_at_idx ON interactions (customer_ref, started_at DESC);
CREATE INDEX interactions_unsettled_idx ON interactions (last_event_at) WHERE settled_at IS NULL;
CREATE INDEX interactions_internal_idx ON interactions (started_at) WHERE internal;

CREATE TABLE call_aliases (
    provider text NOT NULL,
    call_key text NOT NULL,
    interaction_id uuid NOT NULL,
    joined_by text NOT NULL,
    CONSTRAINT call_aliases_pkey PRIMARY KEY (provider, call_key),
    CONSTRAINT call_aliases_interaction_id_fkey FOREIGN KEY (interaction_id) REFERENCES interactions (id) ON DELETE CASCADE
);
CREATE INDEX call_aliases_interaction_id_idx ON call_aliases (interaction_id);
CREATE INDEX call_aliases_call_key_idx ON call_aliases (call_key);

CREATE TABLE legs (
    id uuid NOT NULL,
    interaction_id uuid NOT NULL,
    leg_key text NOT NULL,
    agent text,
    extension text,
    queue text,
    kind text NOT NULL,
    state text NOT NULL,
    outcome text,
    rang_at timestamptz,
    answered_at timestamptz,
    ended_at timestamptz,
    talk_s integer,
    CONSTRAINT legs_pkey PRIMARY KEY (id),
    CONSTRAINT legs_interaction_id_leg_key_key UNIQUE (interaction_id, leg_key),
    CONSTRAINT legs_interaction_id_fkey FOREIGN KEY (interaction_id) REFERENCES interactions (id) ON DELETE CASCADE
);
CREATE INDEX legs_agent_answered_at_idx ON legs (agent, answered_at);

CREATE TABLE call_events (
    id bigint GENERATED ALWAYS AS IDENTITY,
    interaction_id uuid NOT NULL,
    leg_key text,
    type text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    dedupe_key text NOT NULL,
    effect text NOT NULL,
    event jsonb NOT NULL,
    CONSTRAINT call_events_pkey PRIMARY KEY (id),
    CONSTRAINT call_events_interaction_id_dedupe_key_key UNIQUE (interaction_id, dedupe_key),
    CONSTRAINT call_events_interaction_id_fkey FOREIGN KEY (interaction_id) REFERENCES interactions (id) ON DELETE CASCADE
);

CREATE TABLE pops (
    id text NOT NULL,
    interaction_id uuid,
    call_id text,
    agent text,
    mode text NOT NULL DEFAULT 'full',
    direction text NOT NULL DEFAULT 'inbound',
    state text NOT NULL,
    reason text,
    seq integer NOT NULL DEFAULT 0,
    promised_at timestamptz NOT NULL,
    claimed_at timestamptz,
    claimed_by text,
    shown_at timestamptz,
    acked_at timestamptz,
    acked_by text,
    withdrawn_at timestamptz,
    chosen_ref text,
    match_state text,
    trace jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT pops_pkey PRIMARY KEY (id),
    CONSTRAINT pops_interaction_id_fkey FOREIGN KEY (interaction_id) REFERENCES interactions (id) ON DELETE CASCADE
);
CREATE INDEX pops_call_id_idx ON pops (call_id);
CREATE UNIQUE INDEX pops_interaction_id_agent_key ON pops (interaction_id, agent) WHERE interaction_id IS NOT NULL;
CREATE INDEX pops_unserved_idx ON pops (promised_at) WHERE state IN ('promised', 'claimed');
CREATE INDEX pops_followed_idx ON pops (shown_at) WHERE state = 'shown' AND claimed_by IS NOT NULL;

CREATE TABLE pop_codes (
    code_sha256 bytea NOT NULL,
    pop_id text NOT NULL,
    agent text,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pop_codes_pkey PRIMARY KEY (code_sha256)
);
CREATE INDEX pop_codes_expires_at_idx ON pop_codes (expires_at);

CREATE TABLE agent_events (
    id bigint GENERATED ALWAYS AS IDENTITY,
    agent text NOT NULL,
    kind text NOT NULL,
    pop_id text NOT NULL,
    seq integer NOT NULL DEFAULT 0,
    payload jsonb NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT agent_events_pkey PRIMARY KEY (id)
);
CREATE INDEX agent_events_agent_id_idx ON agent_events (agent, id);
CREATE INDEX agent_events_at_idx ON agent_events (at);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE agent_events, pop_codes, pops, call_events, legs, call_aliases, interactions, inbox")
