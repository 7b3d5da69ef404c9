"""Tables of what people asked of their data: erasures and restrictions with whom they mark, children, the ledger of consents."""

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Identity, Index, LargeBinary, SmallInteger, Table, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from tieline.store.tables_metadata import Instant, Words, metadata

erasures = Table(
    "erasures",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("by", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("subject", LargeBinary),
    Column("passes", SmallInteger, nullable=False, server_default=text("0")),
    Column("next_pass_at", Instant),
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("lifted_at", Instant),
    Index("erasures_next_pass_at_idx", "next_pass_at", postgresql_where=text("next_pass_at IS NOT NULL")),
)
"""One person erased. `subject` is sealed, and gone with the last pass; `counts`: table → rows."""

erased_marks = Table(
    "erased_marks",
    metadata,
    Column("token", Words, primary_key=True),
    Column("erasure_id", ForeignKey(erasures.c.id, ondelete="CASCADE"), nullable=False, index=True),
)
"""Keyed stand-ins of the numbers and records that must not come back. Nobody can read a number out of them."""

restrictions = Table(
    "restrictions",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("by", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("lifted_at", Instant),
)
"""One person whose data is kept and not processed."""

restricted_marks = Table(
    "restricted_marks",
    metadata,
    Column("token", Words, primary_key=True),
    Column("restriction_id", ForeignKey(restrictions.c.id, ondelete="CASCADE"), primary_key=True, index=True),
)
"""Keyed stand-ins of their numbers and records."""

children = Table(
    "children",
    metadata,
    Column("token", Words, primary_key=True),
    Column("until", Date, nullable=False),
)
"""Keyed stand-ins of the numbers and records of children, and the day from which on they are none."""

consents = Table(
    "consents",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("subject", Words, nullable=False),
    Column("purpose", Words, nullable=False),
    Column("given", Boolean, nullable=False),
    Column("version", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("evidence", Words),
    Column("at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("recorded_by", Words, nullable=False),
)
"""Who agreed to what, and took it back: append-only, the newest word counts. `subject` is a keyed stand-in of a number or record;
`version`: of the text that was agreed to; `evidence`: where that is kept (a call, a form)."""

Index("consents_subject_idx", consents.c.subject, consents.c.purpose, consents.c.at.desc(), consents.c.id.desc())
