"""The role that serves cannot touch what was written, by grants and not by good will."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tieline.store.embedded_server import ROLE

ROLES = Path(__file__).parents[2] / "deploy" / "database-roles.sql"
APPEND_ONLY = ("audit_entries", "audit_seals", "audit_checkpoints", "consents")
PASSWORD = uuid.uuid4().hex


@pytest.fixture
def app_url(database_url: str) -> Iterator[str]:
    """The database as the servers' own role reaches it, the grants given by the file an operator runs."""
    parts = conninfo_to_dict(database_url)
    ruler = make_conninfo(database_url, user="postgres") if parts["user"] == ROLE else database_url
    with psycopg.connect(ruler, autocommit=True) as connection:
        connection.execute(ROLES.read_text().encode())
        connection.execute(sql.SQL("ALTER ROLE tieline_app PASSWORD {}").format(PASSWORD))
    yield make_conninfo(database_url, user="tieline_app", password=PASSWORD)
    with psycopg.connect(ruler, autocommit=True) as connection:
        connection.execute("DROP OWNED BY tieline_app, tieline_owner")
        connection.execute("DROP ROLE tieline_app, tieline_owner")


def refused(app: psycopg.Connection, statement: str) -> bool:
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught, app.transaction():
        app.execute(statement.encode())
    return "append-only" not in str(caught.value)


def test_what_is_append_only_is_so_by_grants(app_url: str) -> None:
    with psycopg.connect(app_url, autocommit=True) as app:
        app.execute("INSERT INTO audit_entries (at, actor, action) VALUES (now(), 'agent:1', 'pop.shown')")
        app.execute(
            "INSERT INTO consents (subject, purpose, given, version, channel, at, recorded_at, recorded_by)"
            " VALUES ('x', 'survey', true, '1', 'call', now(), now(), 'agent:1')"
        )
        assert app.execute("SELECT count(*) FROM audit_entries").fetchone() == (1,)
        column = {"audit_entries": "actor", "consents": "purpose"}
        for table in APPEND_ONLY:
            assert refused(app, f"DELETE FROM {table}")  # noqa: S608 - constants
            assert refused(app, f"TRUNCATE {table}")
            assert refused(app, f"UPDATE {table} SET {column.get(table, 'digest')} = NULL")  # noqa: S608 - likewise
            assert refused(app, f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            assert refused(app, f"DROP TABLE {table}")


def test_everything_else_it_may_do_and_nothing_to_the_schema(app_url: str) -> None:
    with psycopg.connect(app_url, autocommit=True) as app:
        app.execute("INSERT INTO lines (number, definition, updated_at) VALUES ('+86', '{}', now())")
        app.execute("UPDATE lines SET definition = '{}'")
        assert app.execute("DELETE FROM lines").rowcount == 1
        assert refused(app, "CREATE TABLE mine (x int)")
        assert refused(app, "UPDATE alembic_version SET version_num = 'x'")
