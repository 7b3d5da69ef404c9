"""Figures: marks of what is to be counted, facts, totals by day and hour, and the triggers that mark what changes."""

from alembic import op

revision = "2026112685"
down_revision = "2026112678"
branch_labels = None
depends_on = None

FACTS = """
CREATE TABLE report_marks (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    fact_id uuid NOT NULL,
    due_at timestamptz DEFAULT '-infinity' NOT NULL,
    marked_at timestamptz DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT report_marks_pkey PRIMARY KEY (id)
);
CREATE INDEX report_marks_due_at_idx ON report_marks (kind, due_at, id);
CREATE TABLE report_state (
    one boolean DEFAULT true NOT NULL,
    salt bytea NOT NULL,
    zone text,
    CONSTRAINT report_state_pkey PRIMARY KEY (one)
);
CREATE TABLE call_facts (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    day date NOT NULL,
    hour smallint NOT NULL,
    agent text,
    queue text,
    line text,
    tier text,
    reason text,
    outcome text NOT NULL,
    wait_s integer,
    talk_s integer,
    wrap_up_s integer NOT NULL,
    judged boolean NOT NULL,
    again boolean NOT NULL,
    pops integer NOT NULL,
    pops_shown integer NOT NULL,
    customer_key text,
    CONSTRAINT call_facts_pkey PRIMARY KEY (id)
);
CREATE INDEX call_facts_at_idx ON call_facts (at, id);
CREATE TABLE ticket_facts (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    day date NOT NULL,
    hour smallint NOT NULL,
    agent text,
    queue text,
    line text,
    tier text,
    channel text NOT NULL,
    reason text,
    priority text NOT NULL,
    status text NOT NULL,
    response_s integer,
    resolution_s integer,
    reopened integer NOT NULL,
    customer_key text,
    CONSTRAINT ticket_facts_pkey PRIMARY KEY (id)
);
CREATE INDEX ticket_facts_at_idx ON ticket_facts (at, id);
CREATE TABLE answer_facts (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    day date NOT NULL,
    hour smallint NOT NULL,
    agent text,
    queue text,
    line text,
    tier text,
    channel text NOT NULL,
    kind text NOT NULL,
    score smallint,
    causes text[] NOT NULL,
    followed_up boolean NOT NULL,
    loop_s integer,
    reviewed boolean NOT NULL,
    customer_key text,
    CONSTRAINT answer_facts_pkey PRIMARY KEY (id)
);
CREATE INDEX answer_facts_at_idx ON answer_facts (at, id);
CREATE TABLE delivery_facts (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    day date NOT NULL,
    hour smallint NOT NULL,
    connection text NOT NULL,
    operation text NOT NULL,
    lag_ms bigint NOT NULL,
    CONSTRAINT delivery_facts_pkey PRIMARY KEY (id)
);
CREATE INDEX delivery_facts_at_idx ON delivery_facts (at, id);
"""

WAITS = (5, 10, 15, 20, 30, 45, 60, 90, 120)
OF_CALLS = (
    "calls", "served", "abandoned", "missed", "abandoned_short", *(f"within_{seconds}" for seconds in WAITS),
    "handled", "handled_s", "judged", "called_again", "pops", "pops_shown",
)  # fmt: skip
OF_TICKETS = ("tickets", "responded", "response_s", "resolved", "resolution_s", "ever_resolved", "reopened")
OF_ANSWERS = (
    "csat_answers", "satisfied", "csat_sum", "nps_answers", "promoters", "detractors", "ces_answers", "ces_sum", "complaints",
    "complaints_resolved", "complaints_reviewed", "loops", "loops_closed", "loop_s",
)  # fmt: skip
WHOSE = {"agent": "text", "queue": "text", "line": "text", "tier": "text"}
DAY, HOUR, CHANNEL = {"day": "date NOT NULL"}, {"hour": "smallint NOT NULL"}, {"channel": "text"}
TOTALS = {
    "call_days": (DAY | WHOSE, OF_CALLS),
    "call_hours": (DAY | HOUR | {"agent": "text", "queue": "text", "line": "text"}, OF_CALLS),
    "ticket_days": (DAY | WHOSE | CHANNEL, OF_TICKETS),
    "answer_days": (DAY | WHOSE | CHANNEL, OF_ANSWERS),
    "delivery_days": (DAY | {"connection": "text"}, ("delivered", "lag_ms", "delivered_in_5_s")),
}

# A call is marked when it is over: what happens before changes no figure. Who called before is marked where a call goes over to
# another customer or goes away; where it only comes to be, whoever counts it looks for them.
MARKING = """
CREATE FUNCTION report_mark_call() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.state = 'ended' AND (TG_OP = 'DELETE' OR OLD.customer_e164 IS DISTINCT FROM NEW.customer_e164
            OR OLD.customer_ref IS DISTINCT FROM NEW.customer_ref) THEN
        INSERT INTO report_marks (kind, fact_id) SELECT 'call', i.id FROM interactions AS i
        WHERE (i.customer_e164 = OLD.customer_e164 OR i.customer_ref = OLD.customer_ref)
          AND i.started_at >= OLD.started_at - interval '7 days' AND i.started_at < OLD.started_at;
    END IF;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO report_marks (kind, fact_id) VALUES ('call', OLD.id);
        RETURN NULL;
    END IF;
    INSERT INTO report_marks (kind, fact_id) VALUES ('call', NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER report_mark_new AFTER INSERT ON interactions
    FOR EACH ROW WHEN (NEW.state = 'ended' AND NEW.direction = 'inbound') EXECUTE FUNCTION report_mark_call();
CREATE TRIGGER report_mark_changed AFTER UPDATE ON interactions
    FOR EACH ROW WHEN (NEW.state = 'ended' OR OLD.state = 'ended') EXECUTE FUNCTION report_mark_call();
CREATE TRIGGER report_mark_gone AFTER DELETE ON interactions
    FOR EACH ROW WHEN (OLD.state = 'ended') EXECUTE FUNCTION report_mark_call();

CREATE FUNCTION report_mark_what_came_of_call() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO report_marks (kind, fact_id) SELECT 'answer', f.id FROM feedback AS f WHERE f.interaction_id = NEW.id;
    INSERT INTO report_marks (kind, fact_id) SELECT 'ticket', t.id
    FROM call_aliases AS a JOIN tickets AS t ON t.call_id = a.call_key WHERE a.interaction_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER report_mark_what_came_of_it AFTER UPDATE OF queue, line, customer_ref ON interactions
    FOR EACH ROW WHEN ((OLD.queue, OLD.line, OLD.customer_ref) IS DISTINCT FROM (NEW.queue, NEW.line, NEW.customer_ref))
    EXECUTE FUNCTION report_mark_what_came_of_call();

CREATE FUNCTION report_mark_call_of_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO report_marks (kind, fact_id)
    SELECT 'call', i.id FROM interactions AS i WHERE i.id = NEW.interaction_id AND i.state = 'ended';
    RETURN NULL;
END $$;
CREATE TRIGGER report_mark_call AFTER INSERT OR UPDATE OF agent, answered_at ON legs
    FOR EACH ROW WHEN (NEW.answered_at IS NOT NULL) EXECUTE FUNCTION report_mark_call_of_part();
CREATE TRIGGER report_mark_call AFTER INSERT OR UPDATE OF shown_at, withdrawn_at ON pops
    FOR EACH ROW WHEN (NEW.interaction_id IS NOT NULL) EXECUTE FUNCTION report_mark_call_of_part();
CREATE TRIGGER report_mark_call AFTER INSERT OR UPDATE ON call_wrap_ups
    FOR EACH ROW EXECUTE FUNCTION report_mark_call_of_part();
CREATE TRIGGER report_mark_call AFTER INSERT OR UPDATE ON call_aliases
    FOR EACH ROW EXECUTE FUNCTION report_mark_call_of_part();

CREATE FUNCTION report_mark_tickets_of_alias() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    it call_aliases := coalesce(NEW, OLD);
BEGIN
    INSERT INTO report_marks (kind, fact_id) SELECT 'ticket', t.id FROM tickets AS t WHERE t.call_id = it.call_key;
    RETURN NULL;
END $$;
CREATE TRIGGER report_mark_tickets AFTER INSERT OR UPDATE OR DELETE ON call_aliases
    FOR EACH ROW EXECUTE FUNCTION report_mark_tickets_of_alias();

CREATE FUNCTION report_mark_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    it tickets := coalesce(NEW, OLD);
BEGIN
    INSERT INTO report_marks (kind, fact_id) VALUES ('ticket', it.id);
    IF it.call_id IS NOT NULL AND (TG_OP <> 'UPDATE'
            OR (OLD.category, OLD.call_id) IS DISTINCT FROM (NEW.category, NEW.call_id)) THEN
        INSERT INTO report_marks (kind, fact_id)
        SELECT 'call', a.interaction_id FROM call_aliases AS a WHERE a.call_key = it.call_id;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.resolved_at, OLD.closed_at) IS DISTINCT FROM (NEW.resolved_at, NEW.closed_at) THEN
        INSERT INTO report_marks (kind, fact_id) SELECT 'answer', f.id FROM feedback AS f WHERE f.follow_up_ticket = it.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER report_mark_ticket AFTER INSERT OR DELETE OR UPDATE OF
    status, category, assignee, tier, priority, call_id, customer_ref, phone, responded_at, resolved_at, closed_at, reopened
    ON tickets FOR EACH ROW EXECUTE FUNCTION report_mark_ticket();

CREATE FUNCTION report_mark_answer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    it feedback := coalesce(NEW, OLD);
BEGIN
    INSERT INTO report_marks (kind, fact_id) VALUES ('answer', it.id);
    IF it.ticket_id IS NOT NULL THEN
        INSERT INTO report_marks (kind, fact_id) SELECT 'answer', f.id FROM feedback AS f WHERE f.follow_up_ticket = it.ticket_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER report_mark_answer AFTER INSERT OR UPDATE OR DELETE ON feedback
    FOR EACH ROW EXECUTE FUNCTION report_mark_answer();

CREATE FUNCTION report_mark_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO report_marks (kind, fact_id) VALUES ('delivery', NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER report_mark_delivery AFTER UPDATE OF state ON deliveries
    FOR EACH ROW WHEN (NEW.state = 'delivered') EXECUTE FUNCTION report_mark_delivery();
"""
WHAT_IS_THERE = """
INSERT INTO report_state (salt) VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
INSERT INTO report_marks (kind, fact_id) SELECT 'call', id FROM interactions WHERE state = 'ended' ORDER BY started_at;
INSERT INTO report_marks (kind, fact_id) SELECT 'ticket', id FROM tickets ORDER BY created_at;
INSERT INTO report_marks (kind, fact_id) SELECT 'answer', id FROM feedback ORDER BY at;
INSERT INTO report_marks (kind, fact_id) SELECT 'delivery', id FROM deliveries WHERE state = 'delivered' ORDER BY promised_at;
"""
UNMARKING = """
DROP FUNCTION report_mark_call CASCADE;
DROP FUNCTION report_mark_call_of_part CASCADE;
DROP FUNCTION report_mark_what_came_of_call CASCADE;
DROP FUNCTION report_mark_tickets_of_alias CASCADE;
DROP FUNCTION report_mark_ticket CASCADE;
DROP FUNCTION report_mark_answer CASCADE;
DROP FUNCTION report_mark_delivery CASCADE;
DROP TABLE report_marks, report_state, call_facts, ticket_facts, answer_facts, delivery_facts;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(FACTS)
    for table, (groups, measures) in TOTALS.items():
        columns = [f"{name} {kind}" for name, kind in groups.items()]
        columns += [f"{name} bigint NOT NULL DEFAULT 0" for name in measures]
        op.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        op.execute(f"CREATE UNIQUE INDEX {table}_key ON {table} ({', '.join(groups)}) NULLS NOT DISTINCT")
    op.execute(MARKING)
    op.execute(WHAT_IS_THERE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(UNMARKING)
    op.execute(f"DROP TABLE {', '.join(TOTALS)}")
