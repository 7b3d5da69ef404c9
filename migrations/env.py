"""How Alembic reaches the database: over the connection `tieline migrate` hands it, or TIELINE_DATABASE_URL for developers."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine, pool

from tieline.store.tables import metadata

OTHERS_PREFIX = "procrastinate_"


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the job library's own tables out when models and database are compared."""
    return not (kind == "table" and name is not None and name.startswith(OTHERS_PREFIX))


def migrate(connection: Connection | None) -> None:
    """Run the chosen revisions, each in its own transaction, so that a lock is held no longer than one step."""
    context.configure(
        connection=connection,
        dialect_name="postgresql",
        target_metadata=metadata,
        include_name=is_ours,
        transaction_per_migration=True,
        compare_server_default=True,
        as_sql=connection is None,
        literal_binds=connection is None,
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate_by_address(address: str) -> None:
    """Connect for one developer's command and let go afterwards."""
    with create_engine(address, poolclass=pool.NullPool).connect() as connection:
        migrate(connection)


given: Connection | None = context.config.attributes.get("connection")
if given is not None or context.is_offline_mode():
    migrate(given)
else:
    migrate_by_address(os.environ["TIELINE_DATABASE_URL"])
