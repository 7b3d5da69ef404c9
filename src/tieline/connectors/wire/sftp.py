"""Files from and to another machine by SFTP: only a host whose key was written down before is spoken to. See docs/adr/0053.

A file is read whole or not at all, and appears there when it is whole: it is written beside its place and renamed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from tieline.connectors.wire.dialling import Dialler
from tieline.connectors.wire.transport import trusted_tls
from tieline.domain.errors import (
    ConfigRefused,
    ConnectorError,
    StateConflict,
    VendorMisconfigured,
    VendorTimeout,
    VendorUnavailable,
)
from tieline.security.egress import Egress, Target

if TYPE_CHECKING:
    from asyncssh import SFTPAttrs, SFTPClient, SFTPClientFile

ANSWER_WITHIN_S: Final = 30.0
"""For the sign-in, and for each piece of a file: how long all of it takes depends on the file."""
PIECE_BYTES: Final = 262_144
"""What OpenSSH's server gives at once; others give less, and are asked for the rest."""
MOST_BYTES: Final = 8_589_934_592
"""Larger than any list of customers, smaller than the disk."""
_FAREWELL_S: Final = 1.0
_HINT: Final = "See TIELINE_SFTP_KNOWN_HOSTS and TIELINE_SFTP_KEY_FILE; a key has no passphrase."

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class SftpSignIn:
    """As whom, and to whom. `known_hosts`: host keys in OpenSSH's form. `key_file`: a private key without passphrase."""

    user: str
    known_hosts: Path
    key_file: Path | None = None
    password: str | None = field(default=None, repr=False)


class SftpUnsupported(VendorMisconfigured):
    """The server cannot do this."""

    code = "sftp_unsupported"
    title = "The SFTP server cannot do this"


class SftpPlace:
    """One machine, while it is spoken to."""

    def __init__(self, client: "SFTPClient") -> None:
        self._client = client

    async def fetch(self, path: str, into: Path) -> float:
        """Copy a file to `into` and return when it was last changed, in seconds of the epoch.

        Raises: StateConflict: somebody is still writing it. VendorMisconfigured: there is none, or it may not be read.
        """
        before = await _timely(self._client.stat(path))
        if (before.size or 0) > MOST_BYTES:
            raise ConfigRefused(f"the file is larger than {MOST_BYTES // 1_073_741_824} GiB")
        async with _open(self._client, path, "rb") as source:
            length = await _copied(source, into, at_most=before.size or 0)
        after = await _timely(self._client.stat(path))
        if length != before.size or _state(before) != _state(after):
            raise StateConflict("the file is still being written", code="file_in_flux")
        return float(before.mtime or 0)

    async def require_free(self, path: str) -> None:
        """Raise StateConflict if something stands there."""
        if await _timely(self._client.lexists(path)):
            raise StateConflict("the file is there already", code="file_exists", hint="Say --force to replace it.")

    async def put(self, source: Path, path: str, *, mark: str, replace: bool) -> None:
        """Copy a file there; it appears when it is whole. `mark` tells what is being written from what others write.

        Raises: StateConflict: something stands there, and `replace` is off. VendorUnavailable: it did not arrive whole.
        """
        folder, slash, name = path.rpartition("/")
        growing = f"{folder}{slash}.{name}.{mark}.part"
        try:
            await self._write(source, growing)
            await self._rename(growing, path, replace=replace)
        except BaseException:
            with contextlib.suppress(ConnectorError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await _timely(self._client.remove(growing))
            raise

    async def _write(self, source: Path, growing: str) -> None:
        length = 0
        async with _open(self._client, growing, "xb") as target:
            with source.open("rb") as file:
                while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                    await _timely(target.write(piece))
                    length += len(piece)
        if (await _timely(self._client.stat(growing))).size != length:
            raise VendorUnavailable("the file did not arrive whole", code="file_cut_off")

    async def _rename(self, growing: str, path: str, *, replace: bool) -> None:
        """Give a file its name. Where the server cannot replace one in one step, the old one goes first."""
        if not replace:
            await self.require_free(path)
            await _timely(self._client.rename(growing, path))
            return
        try:
            await _timely(self._client.posix_rename(growing, path))
        except SftpUnsupported:
            if await _timely(self._client.lexists(path)):
                await _timely(self._client.remove(path))
            await _timely(self._client.rename(growing, path))


@contextlib.asynccontextmanager
async def sftp(target: Target, sign_in: SftpSignIn, egress: Egress) -> AsyncIterator[SftpPlace]:
    """Sign in to a machine whose key is known, for as long as the block lasts.

    Raises: ConfigRefused: a key or the list of keys cannot be read. VendorMisconfigured: it is not that machine, or refuses us.
    EgressForbidden, VendorUnavailable, VendorTimeout.
    """
    import asyncssh  # noqa: PLC0415 - an extra, and heavy

    options = _options(sign_in)
    dialler = Dialler(egress, tls=trusted_tls())
    try:
        opened = await dialler.dial_socket(target)
    finally:
        await dialler.aclose()
    try:
        connection = await _timely(asyncssh.connect(target.host, target.port, sock=opened, **options))
    except BaseException:
        opened.close()
        raise
    try:
        yield SftpPlace(await _timely(connection.start_sftp_client()))
    finally:
        connection.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await connection.wait_closed()


def _options(sign_in: SftpSignIn) -> dict[str, Any]:
    """Return how to sign in: nothing is taken from the account we run under, neither keys nor an agent nor hosts it knows."""
    import asyncssh  # noqa: PLC0415 - likewise

    try:
        known = asyncssh.read_known_hosts(str(sign_in.known_hosts))
        keys = [asyncssh.read_private_key(sign_in.key_file)] if sign_in.key_file else None
    except (OSError, ValueError) as exc:
        raise ConfigRefused("the list of host keys, or the private key, cannot be read", hint=_HINT) from exc
    return {
        "username": sign_in.user,
        "password": sign_in.password,
        "client_keys": keys,
        "known_hosts": known,
        "x509_trusted_certs": None,
        "agent_path": None,
        "gss_host": None,
        "config": None,
        "login_timeout": ANSWER_WITHIN_S,
    }


async def _timely(work: Awaitable[Found]) -> Found:
    """Wait for one answer. Raises: VendorTimeout, and whatever the answer means."""
    import asyncssh  # noqa: PLC0415 - likewise

    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await work
    except TimeoutError as exc:
        raise VendorTimeout("the SFTP server did not answer in time") from exc
    except asyncssh.HostKeyNotVerifiable as exc:
        detail = "the SFTP server's key is not the one that was written down, or none was"
        raise VendorMisconfigured(detail, code="upstream_host_key", hint=_HINT) from exc
    except asyncssh.PermissionDenied as exc:
        raise VendorMisconfigured("the SFTP server refuses our credentials", code="upstream_credentials") from exc
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as exc:
        raise VendorMisconfigured("there is no such file or folder on the SFTP server", code="file_missing") from exc
    except asyncssh.SFTPPermissionDenied as exc:
        raise VendorMisconfigured("the SFTP server does not permit it", code="file_forbidden") from exc
    except asyncssh.SFTPOpUnsupported as exc:
        raise SftpUnsupported from exc
    except (asyncssh.Error, OSError) as exc:
        raise VendorUnavailable("the SFTP server failed, or hung up") from exc


@contextlib.asynccontextmanager
async def _open(client: "SFTPClient", path: str, mode: str) -> AsyncIterator["SFTPClientFile"]:
    """Open a file for as long as the block lasts; that it cannot be closed is a failure, unless there was one already."""
    opened = await _timely(client.open(path, mode, block_size=PIECE_BYTES))
    try:
        yield opened
    except BaseException:
        with contextlib.suppress(ConnectorError, TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await _timely(opened.close())
        raise
    await _timely(opened.close())


async def _copied(source: "SFTPClientFile", into: Path, *, at_most: int) -> int:
    """Copy, and return how many bytes; one that grows is not followed."""
    length = 0
    with into.open("wb") as file:
        while length <= at_most and (piece := await _timely(source.read(PIECE_BYTES, length))):
            await asyncio.to_thread(file.write, cast("bytes", piece))  # It was opened as bytes, which the type cannot tell.
            length += len(piece)
    return length


def _state(attributes: "SFTPAttrs") -> tuple[int | None, int | None]:
    return attributes.size, attributes.mtime
