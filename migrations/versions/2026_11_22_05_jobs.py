"""Jobs: the job library's schema, kept as a file so that a newer package cannot change this step."""

from pathlib import Path

from alembic import op

revision = "2026112205"
down_revision = "2026112204"
branch_labels = None
depends_on = None

SCHEMA = Path(__file__).parents[1] / "procrastinate" / "3.10.0.sql"

REMOVE = """
DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs, procrastinate_workers CASCADE;
DO $$
DECLARE routine regprocedure;
BEGIN
    FOR routine IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace AND starts_with(proname, 'procrastinate_')
    LOOP
        EXECUTE 'DROP FUNCTION ' || routine;
    END LOOP;
END
$$;
DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_event_type, procrastinate_job_status;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(SCHEMA.read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(REMOVE)
