"""Which database failures pass by themselves, and the one error the rest of the house knows them by."""

import contextlib
from collections.abc import Iterator

import psycopg
import psycopg_pool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as EngineTimeout

from tieline.domain.errors import Overloaded

PASSING = ("08", "53", "57", "40", "55P03", "25P03", "25006")
"""SQLSTATE beginnings: connection, resources, shutdown or time-out, deadlock, lock not free, idle too long, read-only
standby (postgresql.org, appendix A, read 2026-11-22)."""

LET_GO = "40"


def is_passing(exc: BaseException) -> bool:
    """Say whether the same statement may well succeed a little later."""
    if isinstance(exc, psycopg_pool.PoolTimeout | EngineTimeout | psycopg.errors.ConnectionTimeout):
        return True
    if isinstance(exc, DBAPIError):
        return exc.connection_invalidated or (exc.orig is not None and is_passing(exc.orig))
    if isinstance(exc, psycopg.OperationalError):
        # "Too many clients" and a lost connection carry no SQLSTATE in psycopg.
        return exc.sqlstate is None or exc.sqlstate.startswith(PASSING)
    return isinstance(exc, psycopg.Error) and (exc.sqlstate or "").startswith(PASSING)


def was_let_go(exc: Overloaded) -> bool:
    """Say whether the database ended a transaction so that others could go on: a deadlock, or an order that does not exist."""
    cause = exc.__cause__.orig if isinstance(exc.__cause__, DBAPIError) else exc.__cause__
    return isinstance(cause, psycopg.Error) and (cause.sqlstate or "").startswith(LET_GO)


@contextlib.contextmanager
def overload_when_passing() -> Iterator[None]:
    """Turn a passing failure of the database into `Overloaded`, so that doors answer 503 and senders come back."""
    try:
        yield
    except (psycopg.Error, psycopg_pool.PoolTimeout, DBAPIError, EngineTimeout) as exc:
        if not is_passing(exc):
            raise
        raise Overloaded("the database does not answer at the moment", code="database_busy") from exc
