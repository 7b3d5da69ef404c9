"""What whoever said something had bought, and where they are from: kept with the answer, counted by product and by region."""

from alembic import op

revision = "2026112699"
down_revision = "2026112698"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE feedback ADD COLUMN purchase jsonb;
ALTER TABLE answer_facts ADD COLUMN products text[] NOT NULL DEFAULT '{}', ADD COLUMN region text;
CREATE INDEX answer_facts_day_idx ON answer_facts (day);
"""
SHOWN = """
CREATE OR REPLACE VIEW reporting.fact_feedback AS SELECT
    id AS feedback_id, at AS answered_at, day AS date_key, hour, agent AS agent_id, queue, line, tier, channel, kind, score,
    array_to_string(causes, ';') AS causes, followed_up::int AS followed_up, loop_s, reviewed::int AS asked_again, customer_key,
    array_to_string(products, ';') AS products, region
FROM answer_facts;
COMMENT ON COLUMN reporting.fact_feedback.products IS 'products of its order, else of the last one before, joined by ; / 产品';
COMMENT ON COLUMN reporting.fact_feedback.region IS 'where the customer is from, as their system names it / 地区';
"""
BEFORE = """
DROP VIEW reporting.fact_feedback;
CREATE VIEW reporting.fact_feedback AS SELECT
    id AS feedback_id, at AS answered_at, day AS date_key, hour, agent AS agent_id, queue, line, tier, channel, kind, score,
    array_to_string(causes, ';') AS causes, followed_up::int AS followed_up, loop_s, reviewed::int AS asked_again, customer_key
FROM answer_facts;
ALTER TABLE answer_facts DROP COLUMN products, DROP COLUMN region;
DROP INDEX answer_facts_day_idx;
ALTER TABLE feedback DROP COLUMN purchase;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(COLUMNS)
    op.execute(SHOWN)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(BEFORE)
