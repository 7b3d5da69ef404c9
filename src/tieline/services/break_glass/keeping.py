"""Set local administrators up and take them away: from the server's own command line alone, each time in the audit."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from tieline.domain.errors import ConfigRefused
from tieline.security import one_time_codes, passwords
from tieline.security.permissions import Caller
from tieline.security.secret_box import SecretBox
from tieline.services.house import House
from tieline.store import api_keys, audit_trail, local_admins, sessions
from tieline.store.database import Transaction
from tieline.store.journal_rows import AuditRow

LONGEST_NAME: Final = 40
_FIELD: Final = "credentials"


class Credentials(BaseModel):
    """What is kept sealed of one administrator: the digest of the password, and the secret that makes the codes."""

    model_config = ConfigDict(frozen=True)

    password: str = Field(repr=False)
    codes: str = Field(repr=False)


NOBODY: Final = ""
NOBODYS: Final = Credentials(password=passwords.STAND_IN, codes="A" * 32)
"""Checked where there is nobody of the name."""


def seal(box: SecretBox, name: str, credentials: Credentials) -> bytes:
    """Return somebody's credentials sealed, bound to their name."""
    return box.seal(credentials.model_dump_json(), connection=_place(name), field=_FIELD)


def unseal(box: SecretBox, name: str, sealed: bytes) -> Credentials:
    """Return somebody's credentials. Raises: ConfigRefused: their key is gone, or they are somebody else's."""
    return Credentials.model_validate_json(box.unseal(sealed, connection=_place(name), field=_FIELD))


async def set_up(house: House, name: str, password: str, *, anew: bool, caller: Caller) -> str:
    """Make an administrator, or give one a new password and secret (`anew`); return the `otpauth://` address, this once.

    What was shut by failures is open again, and sessions under the old credentials end. Raises: ConfigRefused.
    """
    _require_name(name)
    passwords.require_strong(password, name=name)
    secret = one_time_codes.new_secret()
    kept = Credentials(password=passwords.digest(password), codes=secret)
    sealed = seal(house.box, name, kept)
    async with house.database.begin() as tx:
        if ((await local_admins.sealed(tx, name)) is not None) != anew:
            raise ConfigRefused("there is none of that name" if anew else "there is one already; `rotate` replaces what opens it")
        await local_admins.put(tx, name, sealed, now=house.clock())
        await local_admins.forgive(tx, name)
        await _end(tx, house, name, "local_admin.rotated" if anew else "local_admin.set", caller=caller)
    return one_time_codes.address_of(secret, name=name)


async def take_away(house: House, name: str | None, *, caller: Caller) -> list[str]:
    """Take one administrator away, or all, with their sessions; return whom."""
    async with house.database.begin() as tx:
        gone = await local_admins.drop(tx, name)
        for one in gone:
            await _end(tx, house, one, "local_admin.removed", caller=caller)
    return gone


async def _end(tx: Transaction, house: House, name: str, action: str, *, caller: Caller) -> None:
    """End the sessions of somebody whose credentials changed, and write the change down."""
    ended = await sessions.end_of_admin(tx, name)
    note = AuditRow(
        at=house.clock(),
        actor=caller.actor,
        actor_role=caller.role,
        action=action,
        subject=f"admin:{name}",
        details={"sessions": ended},
    )
    await audit_trail.write(tx, note)
    await api_keys.announce(tx)


def _place(name: str) -> str:
    return f"local-admin:{name}"


def _require_name(name: str) -> None:
    if not (name.isascii() and name.replace("-", "").isalnum() and name == name.lower() and len(name) <= LONGEST_NAME):
        raise ConfigRefused(f"a name has up to {LONGEST_NAME} small letters, digits and hyphens", code="name_invalid")
