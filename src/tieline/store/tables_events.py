"""Tables of news from outside: what is still to be read, the newest of each object, what rules are told, how far pulls came."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Integer, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from tieline.store.tables_calls import inbox
from tieline.store.tables_metadata import Instant, Words, metadata

_NONE_YET = text("0")

inbox_work = Table(
    "inbox_work",
    metadata,
    Column("inbox_id", ForeignKey(inbox.c.id, ondelete="CASCADE"), primary_key=True),
    Column("state", Words, nullable=False, server_default=text("'waiting'")),
    Column("due_at", Instant, nullable=False, server_default=func.now(), index=True),
    Column("attempts", Integer, nullable=False, server_default=_NONE_YET),
    Column("faults", Integer, nullable=False, server_default=_NONE_YET),
    Column("crashes", Integer, nullable=False, server_default=_NONE_YET),
    Column("fence", BigInteger, nullable=False, server_default=_NONE_YET),
)
"""Arrivals still to be read, and only those: a row goes when its arrival is done or laid aside. States: waiting claimed parked.

`due_at`: when it is looked at next; while claimed, when the claim lapses. `attempts` is written before the work, `faults` and
`crashes` after it went wrong.
"""

object_versions = Table(
    "object_versions",
    metadata,
    Column("connection", Words, primary_key=True),
    Column("kind", Words, primary_key=True),
    Column("object_id", Words, primary_key=True),
    Column("digest", Text(collation="C"), nullable=False),
    Column("status", Words),
    Column("seen_at", Instant, nullable=False, index=True),
    Column("version", Text(collation="C")),
    Column("moment", Text(collation="C")),
)
"""The newest news taken of each object: by its version, else by its moment (both as `domain.event.version_of` writes them), then
by digest, so that whatever the order of arrival, the same news wins. `status`: the last one told, in our words."""

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False, index=True),
    Column("fields", JSONB, nullable=False),
    Column("taken_at", Instant),
    Column("told_at", Instant),
    Index("events_waiting_idx", "id", postgresql_where=text("taken_at IS NULL")),
    Index("events_untold_idx", "id", postgresql_where=text("told_at IS NULL")),
)
"""What happened, written with the fact: taken once for rules to act on, told once to subscribers. `subject` is `connection:id` or
an id of ours."""

pull_cursors = Table(
    "pull_cursors",
    metadata,
    Column("connection", Words, primary_key=True),
    Column("operation", Words, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("pulled_at", Instant, nullable=False),
    Column("rows", BigInteger, nullable=False, server_default=text("0")),
)
"""Everything that changed before `since` has been taken in."""
