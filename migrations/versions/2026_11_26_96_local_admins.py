"""Local administrators for the day nobody else can sign in."""

from alembic import op

revision = "2026112696"
down_revision = "2026112694"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("""
        CREATE TABLE local_admins (
            name text PRIMARY KEY, sealed bytea NOT NULL, last_step bigint NOT NULL DEFAULT 0, set_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE local_admin_failures (
            name_sha256 bytea PRIMARY KEY, failures integer NOT NULL, wait_until timestamptz NOT NULL,
            failed_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX local_admin_failures_failed_at_idx ON local_admin_failures (failed_at)")
    op.execute("CREATE INDEX sessions_admin_idx ON sessions (admin) WHERE admin IS NOT NULL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP INDEX sessions_admin_idx")
    op.execute("DROP TABLE local_admin_failures, local_admins")
