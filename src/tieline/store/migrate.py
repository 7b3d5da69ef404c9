"""Bring a database's schema to the newest revision, also while others are using it; several processes may try at once.

No step waits for a lock longer than a third of a second (each migration says so first), because everybody who came after it
would wait behind it. A step that did not get its lock is tried again, for a minute.
"""

from pathlib import Path
from typing import Final

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, pool
from sqlalchemy.exc import OperationalError
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from tieline.domain.errors import ConfigRefused
from tieline.store.database_connect import read_address, require_version, unreachable

ONE_AT_A_TIME: Final = 7_311_020_001
"""Key of the advisory lock; any constant that nothing else in this database uses."""

TRY_FOR_S: Final = 60


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


def current_revision(url: str) -> str | None:
    """Return the revision the database is at, None before the first migration."""
    with _engine(read_address(url)).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(url: str, revision: str = "head") -> None:
    """Run every missing migration up to `revision`. Blocks; a second process waits and then finds nothing to do.

    Raises: ConfigRefused: the server is older than Postgres 15, cannot be reached, is ahead of this code, or its tables
    are in use without a pause.
    """
    address = read_address(url)
    try:
        with psycopg.connect(address, autocommit=True) as turn:
            require_version(turn.info.server_version)
            turn.execute("SELECT pg_advisory_lock(%s)", (ONE_AT_A_TIME,))
            _run(address, revision)
    except psycopg.OperationalError as exc:
        raise unreachable(exc) from exc
    except CommandError as exc:
        raise ConfigRefused("the database was migrated by a newer version of Tieline", code="database_ahead") from exc
    except OperationalError as exc:
        raise ConfigRefused("the tables are in use without a pause; try again later", code="database_locked") from exc


def _lacked_its_lock(exc: BaseException) -> bool:
    return isinstance(exc, OperationalError) and isinstance(exc.orig, psycopg.errors.LockNotAvailable)


@retry(retry=retry_if_exception(_lacked_its_lock), wait=wait_random(0.2, 1.0), stop=stop_after_delay(TRY_FOR_S), reraise=True)
def _run(address: str, revision: str) -> None:
    config = alembic_config()
    with _engine(address).connect() as connection:
        connection.exec_driver_sql("SET lock_timeout = '300ms'")
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _engine(address: str) -> Engine:
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(address), poolclass=pool.NullPool)
