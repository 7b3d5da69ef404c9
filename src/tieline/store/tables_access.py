"""Tables of who may ask and who asked: keys, sessions, the audit trail."""

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tieline.store.tables_metadata import Instant, Words, metadata

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Words, nullable=False),
    Column("actor_role", Words),
    Column("action", Words, nullable=False),
    Column("subject", Words),
    Column("call_id", Words),
    Column("pop_id", Words),
    Column("details", JSONB, nullable=False, server_default=text("'{}'")),
    Index("audit_entries_subject_seq_idx", "subject", "seq"),
    Index("audit_entries_actor_seq_idx", "actor", "seq"),
    Index("audit_entries_call_id_idx", "call_id"),
    Index("audit_entries_at_idx", "at", postgresql_using="brin"),
)
"""Who asked for whose data. Append-only: a trigger refuses UPDATE, DELETE and TRUNCATE."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("agent", Words),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    Column("networks", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("successor", Words),
    Column("certificates", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("certificate_alone", Boolean, nullable=False, server_default=text("false")),
    Index("api_keys_certificates_idx", "certificates", postgresql_using="gin", postgresql_where=text("certificate_alone")),
)
"""Machine keys; the secret itself is shown once and never kept. `networks`: where it may be used; empty: anywhere.
`successor`: the key that takes its place while it runs out. `certificates`: of which the client must show one; with
`certificate_alone`, that is all it shows."""

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("id", Words, nullable=False, unique=True),
    Column("agent", Words, index=True),
    Column("admin", Words),
    Column("role", Words),
    Column("issuer", Words),
    Column("subject", Words),
    Column("issuer_session", Words),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("proved_at", Instant),
    Column("device", Words, nullable=False, server_default=text("''")),
    Column("address", Words, nullable=False, server_default=text("''")),
    Index("sessions_issuer_subject_idx", "issuer", "subject", postgresql_where=text("issuer IS NOT NULL")),
    Index("sessions_admin_idx", "admin", postgresql_where=text("admin IS NOT NULL")),
)
"""Signed-in people; only the digest of the cookie is kept. `id` names a session where it is listed; `admin` is set instead of
`agent` for a local administrator; `issuer_session` is what the provider calls it; `proved_at` when they last showed who they are,
as far as we know; `device` and `address`: browser and system in our words, and the network, as they were at the sign-in."""

sign_in_identities = Table(
    "sign_in_identities",
    metadata,
    Column("issuer", Words, primary_key=True),
    Column("subject", Words, primary_key=True),
    Column("agent", Words, nullable=False),
    Column("bound_at", Instant, nullable=False),
    UniqueConstraint("issuer", "agent"),
)
"""Which agent somebody is, for good: bound at the first sign-in, so that a name given to somebody else later opens nothing."""

sign_in_marks = Table(
    "sign_in_marks",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("until", Instant, nullable=False, index=True),
)
"""What may be used once: states that came back, logout tokens that were heard."""

local_admins = Table(
    "local_admins",
    metadata,
    Column("name", Words, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("last_step", BigInteger, nullable=False, server_default=text("0")),
    Column("set_at", Instant, nullable=False),
)
"""Who may come in while the providers are away. `sealed`: the digest of the password and the secret of the codes. `last_step`:
the step of time of the last code that was taken."""

local_admin_failures = Table(
    "local_admin_failures",
    metadata,
    Column("name_sha256", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("wait_until", Instant, nullable=False),
    Column("failed_at", Instant, nullable=False, index=True),
)
"""How often in a row somebody failed under a name, of an administrator or of nobody, and when they may try again."""

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, nullable=False),
    Column("seq", BigInteger, nullable=False, unique=True),
)
"""The chain over the audit trail: link `number` seals the entry `seq`. Append-only like the trail."""

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
"""Signed statements of how long the chain was and how it ended. Append-only."""
