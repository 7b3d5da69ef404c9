"""Whose data is kept and not processed, until that is lifted; and until when somebody is a child."""

from alembic import op

revision = "2026112702"
down_revision = "2026112701"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("""
        CREATE TABLE restrictions (
            id uuid PRIMARY KEY, at timestamptz NOT NULL, by text NOT NULL, reason text NOT NULL, lifted_at timestamptz
        )
    """)
    op.execute("""
        CREATE TABLE restricted_marks (
            token text NOT NULL, restriction_id uuid NOT NULL REFERENCES restrictions (id) ON DELETE CASCADE,
            PRIMARY KEY (token, restriction_id)
        )
    """)
    op.execute("CREATE INDEX restricted_marks_restriction_id_idx ON restricted_marks (restriction_id)")
    op.execute("CREATE TABLE children (token text PRIMARY KEY, until date NOT NULL)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("DROP TABLE children")
    op.execute("DROP TABLE restricted_marks")
    op.execute("DROP TABLE restrictions")
