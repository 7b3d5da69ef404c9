"""An answer's loop is over when the loop is, not when its ticket is resolved: marked by the loop, and counted anew."""

from alembic import op

revision = "2026112697"
down_revision = "2026112696"
branch_labels = None
depends_on = None

MARKED_BY_LOOP = """
CREATE FUNCTION report_mark_answer_of_loop() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    it feedback_loops := coalesce(NEW, OLD);
BEGIN
    INSERT INTO report_marks (kind, fact_id) VALUES ('answer', it.feedback_id);
    RETURN NULL;
END $$;
CREATE TRIGGER report_mark_answer AFTER INSERT OR DELETE OR UPDATE OF opened_at, closed_at ON feedback_loops
    FOR EACH ROW EXECUTE FUNCTION report_mark_answer_of_loop();
"""
MARK_TICKET = """
CREATE OR REPLACE FUNCTION report_mark_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    it tickets := coalesce(NEW, OLD);
BEGIN
    INSERT INTO report_marks (kind, fact_id) VALUES ('ticket', it.id);
    IF it.call_id IS NOT NULL AND (TG_OP <> 'UPDATE'
            OR (OLD.category, OLD.call_id) IS DISTINCT FROM (NEW.category, NEW.call_id)) THEN
        INSERT INTO report_marks (kind, fact_id)
        SELECT 'call', a.interaction_id FROM call_aliases AS a WHERE a.call_key = it.call_id;
    END IF;{more}
    RETURN NULL;
END $$;
"""
ANSWERS_OF_TICKET = """
    IF TG_OP = 'UPDATE' AND (OLD.resolved_at, OLD.closed_at) IS DISTINCT FROM (NEW.resolved_at, NEW.closed_at) THEN
        INSERT INTO report_marks (kind, fact_id) SELECT 'answer', f.id FROM feedback AS f WHERE f.follow_up_ticket = it.id;
    END IF;"""
COUNT_ANEW = """
INSERT INTO report_marks (kind, fact_id) SELECT 'answer', id FROM feedback WHERE follow_up_ticket IS NOT NULL ORDER BY at;
"""
SAID = {
    True: (
        "seconds from the answer to the first end of that ticket; in totals: their sum / 闭环秒数",
        "of them closed / 已闭环数",
    ),
    False: (
        "seconds from the answer to the resolution of that ticket; in totals: their sum / 闭环秒数",
        "of them resolved / 已闭环数",
    ),
}
"""What the columns `loop_s` and `loops_closed` of `reporting` are said to hold: by the loop, by the ticket."""


def say(*, by_loop: bool) -> None:
    took, closed = SAID[by_loop]
    for view in ("fact_feedback", "feedback_day"):
        op.execute(f"COMMENT ON COLUMN reporting.{view}.loop_s IS '{took}'")
    op.execute(f"COMMENT ON COLUMN reporting.feedback_day.loops_closed IS '{closed}'")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(MARKED_BY_LOOP)
    op.execute(MARK_TICKET.replace("{more}", ""))
    say(by_loop=True)
    op.execute(COUNT_ANEW)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(MARK_TICKET.replace("{more}", ANSWERS_OF_TICKET))
    say(by_loop=False)
    op.execute("DROP FUNCTION report_mark_answer_of_loop CASCADE")
    op.execute(COUNT_ANEW)
