"""Keys of machines that show a certificate to the front proxy, beside a key's text or instead of it."""

from alembic import op

revision = "2026112703"
down_revision = "2026112702"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("""
        ALTER TABLE api_keys
            ADD COLUMN certificates text[] NOT NULL DEFAULT '{}', ADD COLUMN certificate_alone boolean NOT NULL DEFAULT false
    """)
    op.execute("CREATE INDEX api_keys_certificates_idx ON api_keys USING gin (certificates) WHERE certificate_alone")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute("ALTER TABLE api_keys DROP COLUMN certificates, DROP COLUMN certificate_alone")
