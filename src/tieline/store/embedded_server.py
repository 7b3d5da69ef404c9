"""What is asked of the running embedded server over SQL: is it ready, with our role and database, and which process is it."""

import psycopg
from psycopg import sql

from tieline.store.embedded_cluster import SUPERUSER, Cluster

ROLE = DATABASE = "tieline"
ASK_TIMEOUT_S = 5


def address(cluster: Cluster, *, role: str = ROLE, database: str = DATABASE) -> str:
    """Return the connection URL; the password needs no escaping, it is URL-safe by making."""
    return f"postgresql://{role}:{cluster.password()}@127.0.0.1:{cluster.port()}/{database}"


def process_id(cluster: Cluster) -> int | None:
    """Return the postmaster's process id, told by the living server itself rather than by a file somebody left.

    None: no server answers. The password proves that one that does is this cluster's.
    """
    if cluster.port() is None:
        return None
    try:
        with _as_superuser(cluster) as connection:
            row = connection.execute("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int").fetchone()
    except psycopg.OperationalError:
        return None
    return int(row[0]) if row else None


def make_ready(cluster: Cluster) -> bool:
    """Create our role, which is no superuser, and its database, where they are missing; False: the server is not there yet."""
    try:
        with _as_superuser(cluster) as connection:
            _ensure_role_and_database(connection, cluster)
    except psycopg.OperationalError:
        return False
    return True


def _ensure_role_and_database(connection: psycopg.Connection, cluster: Cluster) -> None:
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone():
        create_role = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")
        connection.execute(create_role.format(sql.Identifier(ROLE), sql.Literal(cluster.password())))
    connection.execute(sql.SQL("ALTER ROLE {} CREATEROLE").format(sql.Identifier(ROLE)))  # for roles of BI tools
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
        create_database = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(create_database.format(sql.Identifier(DATABASE), sql.Identifier(ROLE)))


def _as_superuser(cluster: Cluster) -> psycopg.Connection:
    url = address(cluster, role=SUPERUSER, database="postgres")
    return psycopg.connect(url, autocommit=True, connect_timeout=ASK_TIMEOUT_S)
