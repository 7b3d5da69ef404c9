"""The table of imports: how far each file was read, beside what was read of it."""

from sqlalchemy import BigInteger, Column, Table, text

from tieline.store.tables_metadata import Instant, Words, metadata

_NONE_YET = text("0")

imports = Table(
    "imports",
    metadata,
    Column("kind", Words, primary_key=True),
    Column("digest", Words, primary_key=True),
    Column("as_of", Instant, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("rows_read", BigInteger, nullable=False, server_default=_NONE_YET),
    Column("rows_taken", BigInteger, nullable=False, server_default=_NONE_YET),
    Column("rows_rejected", BigInteger, nullable=False, server_default=_NONE_YET),
    Column("keys_changed", BigInteger, nullable=False, server_default=_NONE_YET),
    Column("rejects_bytes", BigInteger, nullable=False, server_default=_NONE_YET),
)
"""One file as it was to be read (`digest` covers its bytes and the options). The cursor moves in the commit of the rows;
`rejects_bytes` is how long the rejects file was at that moment."""
