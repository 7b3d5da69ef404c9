"""Give everything that is sealed the newest key while the house is open, and say whether everything opens."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tieline.domain.errors import ConfigRefused
from tieline.security import key_file as key_files
from tieline.security.permissions import Caller
from tieline.security.second_person import KEY_CHANGE
from tieline.services.approvals import Plea, require
from tieline.services.house import House
from tieline.store import audit_trail, sealed_places
from tieline.store.journal_rows import AuditRow


@dataclass(frozen=True, slots=True)
class Inventory:
    """How many secrets are sealed under each version of the outer key, and where those stand that do not open, with the code."""

    by_version: Mapping[int, int] = field(default_factory=dict)
    current: int = 0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many got the newest key, had it already, or were changed by somebody else at that moment; and what does not open."""

    changed: int
    current: int
    overtaken: int
    faults: tuple[str, ...]


async def check(house: House) -> Inventory:
    """Open everything once, and show nothing."""
    versions: Counter[int] = Counter()
    current, faults = 0, []
    async with house.database.begin() as tx:
        async for lot in sealed_places.every(tx):
            for one in lot:
                try:
                    house.box.unseal(one.sealed, connection=one.connection, field=one.field)
                    versions[house.box.version_of(one.sealed)] += 1
                    current += house.box.is_current(one.sealed)
                except ConfigRefused as exc:
                    faults.append(_fault(one, exc))
    return Inventory(dict(versions), current, tuple(faults))


async def add_key(house: House, key_file: Path, *, sm4: bool, caller: Caller) -> None:
    """Add an outer key to the file, by leave of a second person. Raises: SecondPersonRequired: nobody has given it yet."""
    details = {"cipher": "SM4-GCM" if sm4 else "AES-256-GCM"}
    leave = await require(house.desk, Plea(KEY_CHANGE, details, details), by=caller)
    async with house.database.begin() as tx:
        await leave.use(tx, now=house.clock())
        await asyncio.to_thread(key_files.add_key, key_file, sm4=sm4)


async def rotate(house: House, *, new_data_keys: bool, caller: Caller) -> Rotation:
    """Seal what an older key seals with the newest; with `new_data_keys`, everything anew.

    Everything opens at every moment: old keys stay in the file, running processes look there for a new one, and a secret that
    somebody changes meanwhile is left to them.
    """
    counts, faults = Counter({"changed": 0, "current": 0, "overtaken": 0}), []
    async with house.database.read() as conn:
        async for lot in sealed_places.every(conn):
            for one in lot:
                try:
                    counts[await _renew(house, one, new_data_keys=new_data_keys)] += 1
                except ConfigRefused as exc:
                    faults.append(_fault(one, exc))
    async with house.database.begin() as tx:
        note = AuditRow(
            at=house.clock(), actor=caller.actor, actor_role=caller.role, action="secrets.rotated", details=dict(counts)
        )
        await audit_trail.write(tx, note)
    return Rotation(**counts, faults=tuple(faults))


async def _renew(house: House, one: sealed_places.Sealed, *, new_data_keys: bool) -> str:
    if house.box.is_current(one.sealed) and not new_data_keys:
        return "current"
    sealed = house.box.rewrap(one.sealed, connection=one.connection, field=one.field, new_data_key=new_data_keys)
    async with house.database.begin() as tx:
        return "changed" if await sealed_places.put_back(tx, one, sealed) else "overtaken"


def _fault(one: sealed_places.Sealed, exc: ConfigRefused) -> str:
    return f"{one.kept_in.name} of {one.connection}: {exc.code}"
