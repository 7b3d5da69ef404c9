"""Totals that are coarser, kept by the database itself: whoever moves a total by agent, queue, line and tier moves those as well.

A replica of the version before, which knows nothing of them, keeps them right while both run.
"""

from alembic import op

revision = "2026112705"
down_revision = "2026112704"
branch_labels = None
depends_on = None

DAY, HOUR = {"day": "date NOT NULL"}, {"hour": "smallint NOT NULL"}
COARSER = {
    "call_agent_days": ("call_days", DAY | {"agent": "text"}),
    "call_queue_days": ("call_days", DAY | {"queue": "text", "line": "text", "tier": "text"}),
    "call_queue_hours": ("call_hours", DAY | HOUR | {"queue": "text", "line": "text"}),
}
MEASURES = (
    "calls", "served", "abandoned", "missed", "abandoned_short",
    *(f"within_{seconds}" for seconds in (5, 10, 15, 20, 30, 45, 60, 90, 120)),
    "handled", "handled_s", "judged", "called_again", "pops", "pops_shown",
)  # fmt: skip
NAMES = ", ".join(MEASURES)
SUMS = ", ".join(f"sum({name})" for name in MEASURES)
LESS = ", ".join(f"-{name}" for name in MEASURES)
DIFFERS = " OR ".join(f"sum({name}) <> 0" for name in MEASURES)
KEEPING = """
CREATE FUNCTION report_sum_up_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE {table};
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO {table} ({by}, {names})
        SELECT {by}, {sums} FROM moved_to GROUP BY {by} ON CONFLICT ({by}) DO UPDATE SET {added};
    ELSE
        INSERT INTO {table} ({by}, {names})
        SELECT {by}, {sums} FROM (SELECT {by}, {names} FROM moved_to UNION ALL SELECT {by}, {less} FROM moved_from) AS moved
        GROUP BY {by} HAVING {differs} ON CONFLICT ({by}) DO UPDATE SET {added};
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sum_up_{table}_of_new AFTER INSERT ON {of}
    REFERENCING NEW TABLE AS moved_to FOR EACH STATEMENT EXECUTE FUNCTION report_sum_up_{table}();
CREATE TRIGGER sum_up_{table}_of_changed AFTER UPDATE ON {of}
    REFERENCING OLD TABLE AS moved_from NEW TABLE AS moved_to FOR EACH STATEMENT EXECUTE FUNCTION report_sum_up_{table}();
CREATE TRIGGER sum_up_{table}_of_none AFTER TRUNCATE ON {of} FOR EACH STATEMENT EXECUTE FUNCTION report_sum_up_{table}();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("LOCK TABLE call_days, call_hours IN SHARE ROW EXCLUSIVE MODE")
    for table, (of, groups) in COARSER.items():
        by = ", ".join(groups)
        columns = [f"{name} {kind}" for name, kind in groups.items()]
        columns += [f"{name} bigint NOT NULL DEFAULT 0" for name in MEASURES]
        added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in MEASURES)
        op.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        op.execute(f"INSERT INTO {table} ({by}, {NAMES}) SELECT {by}, {SUMS} FROM {of} GROUP BY {by}")  # noqa: S608 - names of our own
        op.execute(f"CREATE UNIQUE INDEX {table}_key ON {table} ({by}) NULLS NOT DISTINCT")
        op.execute(KEEPING.format(table=table, of=of, by=by, names=NAMES, sums=SUMS, less=LESS, differs=DIFFERS, added=added))
    for of in ("call_days", "call_hours"):
        op.execute(f"CREATE INDEX {of}_agent_idx ON {of} (agent, day)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP INDEX call_days_agent_idx, call_hours_agent_idx")
    for table in COARSER:
        op.execute(f"DROP FUNCTION report_sum_up_{table} CASCADE")
        op.execute(f"DROP TABLE {table}")
