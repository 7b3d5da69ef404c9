import importlib.metadata
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from sqlalchemy import create_engine, pool

from tieline.domain.errors import ConfigRefused
from tieline.store import migrate
from tieline.store.tables import metadata

VERSIONS = Path(ScriptDirectory.from_config(migrate.alembic_config()).dir) / "versions"
SCHEMA = VERSIONS.parent / "procrastinate" / "3.10.0.sql"
LISTING = """
    SELECT format('%s %s', relkind, relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
    UNION ALL SELECT format('column %s.%s %s %s', table_name, column_name, data_type, column_default)
        FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY 1
"""


def listing(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(LISTING)]


def test_tables_in_the_code_are_the_tables_the_migrations_make(database_url: str) -> None:
    engine = create_engine(database_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_server_default": True,
                "include_name": lambda name, kind, _: not (kind == "table" and name.startswith("procrastinate_")),
            },
        )
        assert compare_metadata(context, metadata) == []


def test_up_down_up_leaves_nothing_and_then_the_same(empty_database_url: str) -> None:
    untouched = listing(empty_database_url)
    migrate.upgrade(empty_database_url)
    first = listing(empty_database_url)
    downgrade_to_nothing(empty_database_url)
    left_over = [line for line in listing(empty_database_url) if "alembic_version" not in line]
    migrate.upgrade(empty_database_url)
    assert (left_over, listing(empty_database_url)) == (untouched, first)


def downgrade_to_nothing(url: str) -> None:
    config = migrate.alembic_config()
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")


def test_processes_that_upgrade_at_once_take_turns(empty_database_url: str) -> None:
    program = "import sys; from tieline.store import migrate; migrate.upgrade(sys.argv[1])"
    at_once = [subprocess.Popen([sys.executable, "-c", program, empty_database_url]) for _ in range(3)]  # noqa: S603 - ours
    assert [process.wait(60) for process in at_once] == [0, 0, 0]
    assert migrate.current_revision(empty_database_url) == migrate.head_revision()


def test_a_step_that_finds_a_table_in_use_waits_for_a_pause_without_holding_up_others(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url, "2026112201")
    with psycopg.connect(empty_database_url) as busy, ThreadPoolExecutor(1) as aside:
        busy.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        upgrading = aside.submit(migrate.upgrade, empty_database_url)
        with pytest.raises(TimeoutError):
            upgrading.result(1.0)
        busy.rollback()
        upgrading.result(60)
    assert migrate.current_revision(empty_database_url) == migrate.head_revision()


def test_a_database_ahead_of_this_code_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '2999010101'")
    with pytest.raises(ConfigRefused, match="newer version"):
        migrate.upgrade(database_url)


@pytest.mark.parametrize("file", sorted(VERSIONS.glob("*.py")), ids=lambda file: file.stem)
def test_every_migration_limits_its_wait_for_locks_first(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    first = "op.execute(\"SET LOCAL lock_timeout = '300ms'\")"
    assert text.count(f"-> None:\n    {first}") == 2


def test_the_job_schema_kept_here_is_the_installed_packages() -> None:
    assert SCHEMA.stem == importlib.metadata.version("procrastinate"), "add a migration with the package's own steps"
    assert SCHEMA.read_text(encoding="utf-8") == SchemaManager.get_schema()
