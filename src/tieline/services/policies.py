"""House rules as documents: read, checked, put into use, every version kept. Each kind has one section of the apply file."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from tieline.domain.errors import ConfigRefused, NotFound, PreconditionFailed
from tieline.security.permissions import Caller
from tieline.security.second_person import RULES_LOOSEN
from tieline.services.approvals import Leave, Plea, require
from tieline.services.customers.standing_file import CustomersEntry
from tieline.services.house import House
from tieline.services.linkage.loosening import loosened
from tieline.services.linkage.policy_file import AccessEntry
from tieline.services.surveys.policy_file import SurveysEntry
from tieline.services.tickets.policy_file import TicketsEntry
from tieline.services.understanding.policy_file import CausesEntry
from tieline.store import audit_trail, configuration, policy_versions
from tieline.store.database import Transaction
from tieline.store.journal_rows import AuditRow
from tieline.store.policy_versions import PolicyVersion

ACCESS: Final = "access"
KINDS: Final[Mapping[str, type[BaseModel]]] = {
    "tickets": TicketsEntry,
    "surveys": SurveysEntry,
    "causes": CausesEntry,
    "customers": CustomersEntry,
    ACCESS: AccessEntry,
}
"""The kinds there are, each with what its document must look like."""
NONE_YET: Final = 0
"""The version of rules nobody has written."""


async def read(house: House, kind: str) -> PolicyVersion | None:
    """Return the rules that hold; None: the usual ones, nobody wrote others. Raises: NotFound: there is no such kind."""
    _model(kind)
    async with house.database.read() as conn:
        return await policy_versions.current(conn, kind)


async def versions(house: House, kind: str, *, limit: int) -> Sequence[PolicyVersion]:
    """Return every version, the newest first. Raises: NotFound: there is no such kind."""
    _model(kind)
    async with house.database.read() as conn:
        return await policy_versions.of_kind(conn, kind, limit=limit)


async def write(house: House, kind: str, definition: Mapping[str, Any], *, seen: int, by: Caller) -> PolicyVersion:
    """Put rules into use; every process follows at once. `seen`: the version the asker has read, 0 if there was none.

    Raises: NotFound: there is no such kind. ConfigRefused: they do not fit. PreconditionFailed: they changed since.
    SecondPersonRequired: they let somebody see more than before.
    """
    checked = _checked(kind, definition, connections=frozenset(house.directory.now.connections))
    leave = await _leave(house, kind, checked, seen=seen, by=by)
    async with house.database.begin() as tx:
        await configuration.take_turn(tx)
        before = await policy_versions.current(tx, kind)
        if (before.version if before else NONE_YET) != seen:
            raise PreconditionFailed
        await leave.use(tx, now=house.clock())
        version = await policy_versions.put(tx, kind, checked, by=by.actor, now=house.clock())
        await configuration.announce(tx, "policies")
        await _note(tx, house, kind, version, by=by)
        present = await policy_versions.current(tx, kind)
    if present is None:
        message = "rules vanished after they were written"
        raise RuntimeError(message)
    return present


async def _leave(house: House, kind: str, checked: Mapping[str, Any], *, seen: int, by: Caller) -> Leave:
    """Return the leave to change them: a second person's where rules of access would take less away.

    It is judged by the version that was read: a version still to come would let a change pass that nobody compared.
    """
    if kind != ACCESS:
        return Leave(RULES_LOOSEN, by)
    before = await read(house, kind)
    if (before.version if before else NONE_YET) != seen:
        raise PreconditionFailed
    lost = loosened(before.definition if before else {}, checked)
    if not lost:
        return Leave(RULES_LOOSEN, by)
    plea = Plea(RULES_LOOSEN, {"kind": kind, "seen": seen, "definition": checked}, {"instead_of": seen, "rules": lost})
    return await require(house.desk, plea, by=by)


def _model(kind: str) -> type[BaseModel]:
    if kind not in KINDS:
        raise NotFound
    return KINDS[kind]


def _checked(kind: str, definition: Mapping[str, Any], *, connections: frozenset[str]) -> dict[str, Any]:
    model = _model(kind)
    try:
        entry = model.model_validate(definition)
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part != "[key]")
        raise ConfigRefused(f"{place or kind}: {first['msg']}", code="policy_invalid") from exc
    unknown = sorted(getattr(entry, "connections", set()) - connections)
    if unknown:
        raise ConfigRefused(f"there is no connection of this name: {', '.join(unknown)}", code="connection_unknown")
    return entry.model_dump(mode="json", exclude_unset=True, by_alias=True)


async def _note(tx: Transaction, house: House, kind: str, version: int, *, by: Caller) -> None:
    row = AuditRow(
        at=house.clock(),
        actor=by.actor,
        actor_role=by.role,
        action="policy.written",
        subject=f"policy:{kind}",
        details={"version": version},
    )
    await audit_trail.write(tx, row)
