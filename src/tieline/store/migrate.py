"""Bring a database's schema to the newest revision; safe to call from several processes at once."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, pool

from tieline.domain.errors import ConfigRefused

OLDEST_SERVER = 150000
ONE_AT_A_TIME = 7_311_020_001
"""Key of the advisory lock; any constant that nothing else in this database uses."""


def alembic_config() -> Config:
    """Find alembic.ini: inside the package when installed from a wheel, beside `src` in a working copy."""
    package = Path(__file__).parents[1]
    for folder in (package, package.parents[1]):
        if (folder / "alembic.ini").is_file():
            return Config(folder / "alembic.ini")
    raise ConfigRefused("the migrations were not installed with this package", code="migrations_missing")


def head_revision() -> str:
    """Return the revision this code was written for."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


def upgrade(url: str, revision: str = "head") -> None:
    """Run every missing migration up to `revision`. Blocks; a second process waits and then finds nothing to do.

    Raises: ConfigRefused: the server is older than Postgres 15, cannot be reached, or is ahead of this code.
    """
    try:
        with psycopg.connect(url, autocommit=True) as turn:
            require_version(turn.info.server_version)
            turn.execute("SELECT pg_advisory_lock(%s)", (ONE_AT_A_TIME,))
            _run(url, revision)
    except psycopg.OperationalError as exc:
        raise ConfigRefused("the database could not be reached", code="database_unreachable", hint=_first_line(exc)) from exc


def current_revision(url: str) -> str | None:
    """Return the revision the database is at, None before the first migration."""
    with _engine(url).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_version(server_version: int) -> None:
    """Refuse a server that lacks what the queries use. `server_version` is as libpq counts, 150004 for 15.4."""
    if server_version < OLDEST_SERVER:
        found = f"{server_version // 10000}.{server_version % 10000}"
        raise ConfigRefused(f"Postgres 15 or newer is needed; this server is {found}", code="database_too_old")


def _run(url: str, revision: str) -> None:
    config = alembic_config()
    with _engine(url).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _engine(url: str) -> Engine:
    return create_engine(url, poolclass=pool.NullPool)


def _first_line(exc: Exception) -> str:
    return str(exc).partition("\n")[0]
