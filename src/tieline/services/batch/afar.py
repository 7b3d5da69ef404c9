"""Files on another machine: fetched whole before they are imported, handed over whole after they were exported.

In between they lie in a folder only we can read, which is gone afterwards.
"""

import asyncio
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Final, Self

from tieline.connectors.wire.sftp import SftpSignIn, sftp
from tieline.domain.errors import ConfigRefused
from tieline.security.egress import SFTP, Egress, Target
from tieline.security.permissions import Caller
from tieline.services.batch import exporting, importing
from tieline.services.batch.formats import format_of
from tieline.services.house import House

_WRITTEN: Final = re.compile(r"sftp://(?P<user>[^@/:\s]{1,100})@(?P<server>[^@/\s]+)/(?P<path>[^\x00-\x1f\x7f]{1,1000})")
_HOME: Final = "~/"


@dataclass(frozen=True, slots=True)
class FarFile:
    """A file as it was written on the command line: `sftp://user@host:port/path`, or `/~/path` from the user's home."""

    user: str
    target: Target
    path: str

    @classmethod
    def parse(cls, text: str, egress: Egress) -> Self:
        """Read an address. Raises: ConfigRefused: it is written otherwise. EgressForbidden: it may not be called."""
        found = _WRITTEN.fullmatch(text)
        if found is None or found["path"].endswith("/"):
            hint = "A password is said by TIELINE_SFTP_PASSWORD, never here."
            raise ConfigRefused("a file elsewhere is written sftp://user@host/folder/file.csv", hint=hint)
        target = egress.check(f"sftp://{found['server']}", schemes=SFTP)
        path = found["path"]
        return cls(found["user"], target, path.removeprefix(_HOME) if path.startswith(_HOME) else f"/{path}")

    @property
    def name(self) -> str:
        """The file's own name."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True, slots=True)
class Access:
    """What this server may do elsewhere, and how it signs in; see `Settings`."""

    egress: Egress
    known_hosts: Path | None = None
    key_file: Path | None = None
    password: str | None = None

    def sign_in(self, file: FarFile) -> SftpSignIn:
        """Return it for one machine. Raises: ConfigRefused: the extra is missing, or no host key was ever written down."""
        if find_spec("asyncssh") is None:
            raise ConfigRefused("files elsewhere need the extra `sftp`: pip install 'tieline[sftp]'", code="extra_missing")
        if self.known_hosts is None:
            hint = "Set TIELINE_SFTP_KNOWN_HOSTS to a file with the server's key, which you have from whoever runs it."
            raise ConfigRefused("no host key is known, and none is believed at first sight", hint=hint)
        return SftpSignIn(file.user, self.known_hosts, self.key_file, self.password)


async def import_phones(
    house: House, wish: importing.ImportWish, source: str, access: Access, *, asker: Caller, told: importing.Told
) -> importing.Tally:
    """Import a file from elsewhere, as `importing.import_phones` does one from here. Raises: ConnectorError as well."""
    file = FarFile.parse(source, access.egress)
    format_of(Path(file.name))
    with _folder() as folder:
        copy = folder / file.name
        async with sftp(file.target, access.sign_in(file), access.egress) as place:
            changed_at = await place.fetch(file.path, copy)
        await asyncio.to_thread(os.utime, copy, (changed_at, changed_at))
        return await importing.import_phones(house, replace(wish, path=copy), asker=asker, told=told)


async def export(
    house: House, wish: exporting.ExportWish, to: str, access: Access, *, asker: Caller, told: exporting.Told
) -> int:
    """Export to a file elsewhere, as `exporting.export` does to one here. Raises: ConnectorError, StateConflict as well."""
    file = FarFile.parse(to, access.egress)
    sign_in = access.sign_in(file)
    async with sftp(file.target, sign_in, access.egress) as place:
        if not wish.replace:
            await place.require_free(file.path)
    with _folder() as folder:
        copy = folder / file.name
        count = await exporting.export(house, replace(wish, path=copy, to=file.target.host), asker=asker, told=told)
        async with sftp(file.target, sign_in, access.egress) as place:
            await place.put(copy, file.path, mark=secrets.token_hex(4), replace=wish.replace)
    return count


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tieline-") as folder:
        yield Path(folder)
