"""Deliveries: effects promised to other systems, and every attempt at them."""

from alembic import op

revision = "2026112601"
down_revision = "2026112205"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE deliveries (
    id uuid NOT NULL,
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    connection text NOT NULL,
    operation text NOT NULL,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    order_key text NOT NULL,
    key text NOT NULL,
    priority text NOT NULL DEFAULT 'live',
    blocks boolean NOT NULL DEFAULT false,
    inputs jsonb NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    state_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    promised_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    held_back integer NOT NULL DEFAULT 0,
    faults integer NOT NULL DEFAULT 0,
    crashes integer NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    claimed_by text,
    first_tried_at timestamptz,
    sent jsonb,
    sent_at timestamptz,
    confirmed_at timestamptz,
    absent_at timestamptz,
    woken_at timestamptz,
    reason text,
    external_id text,
    external_url text,
    CONSTRAINT deliveries_pkey PRIMARY KEY (id),
    CONSTRAINT deliveries_key_key UNIQUE (key)
);
CREATE INDEX deliveries_order_idx ON deliveries (connection, order_key, position) WHERE state NOT IN ('delivered', 'withdrawn');
CREATE INDEX deliveries_due_idx ON deliveries (due_at) WHERE state IN ('pending', 'claimed');
CREATE INDEX deliveries_stuck_idx ON deliveries (state_at DESC, id DESC) WHERE state IN ('dead', 'parked', 'unknown');
CREATE INDEX deliveries_object_idx ON deliveries (object_kind, object_id, position);
CREATE INDEX deliveries_settled_idx ON deliveries (state_at) WHERE state IN ('delivered', 'withdrawn');

CREATE TABLE delivery_attempts (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    delivery_id uuid NOT NULL,
    fence bigint NOT NULL,
    purpose text NOT NULL,
    worker text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text,
    kind text,
    CONSTRAINT delivery_attempts_pkey PRIMARY KEY (id),
    CONSTRAINT delivery_attempts_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES deliveries (id) ON DELETE CASCADE
);
CREATE INDEX delivery_attempts_delivery_id_idx ON delivery_attempts (delivery_id, id);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE delivery_attempts, deliveries")
