"""House rules as documents, by kind: the one that holds, and every version there was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_configuration import policies, policy_versions


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of the rules of a kind. `created_by`: whoever wrote it; `apply` for the administrator's file."""

    kind: str
    version: int
    definition: Mapping[str, Any]
    created_at: datetime
    created_by: str


async def put(tx: AsyncConnection, kind: str, definition: Mapping[str, Any], *, by: str, now: datetime) -> int:
    """Put rules into use and return their version; the same again is the same version. The caller holds the turn to write."""
    present = await current(tx, kind)
    if present is not None and present.definition == definition:
        return present.version
    last = (await tx.execute(select(func.max(policy_versions.c.version)).where(policy_versions.c.kind == kind))).scalar_one()
    version = (last or 0) + 1
    values = {"kind": kind, "version": version, "definition": dict(definition)}
    await tx.execute(insert(policy_versions).values(**values, created_at=now, created_by=by))
    statement = upsert(policies).values(**values, updated_at=now)
    await tx.execute(statement.on_conflict_do_update(index_elements=["kind"], set_={**values, "updated_at": now}))
    return version


async def current(conn: AsyncConnection, kind: str) -> PolicyVersion | None:
    """Return the rules that hold."""
    query = select(policy_versions).join(
        policies, (policies.c.kind == policy_versions.c.kind) & (policies.c.version == policy_versions.c.version)
    )
    row = (await conn.execute(query.where(policy_versions.c.kind == kind))).one_or_none()
    return PolicyVersion(**row._asdict()) if row else None


async def of_kind(conn: AsyncConnection, kind: str, *, limit: int) -> Sequence[PolicyVersion]:
    """Return the versions of one kind, the newest first."""
    query = select(policy_versions).where(policy_versions.c.kind == kind).order_by(policy_versions.c.version.desc()).limit(limit)
    return [PolicyVersion(**row._asdict()) for row in await conn.execute(query)]
