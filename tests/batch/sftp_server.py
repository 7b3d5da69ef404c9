"""Another machine's SFTP server on a real socket, in a folder of its own; a test says how it misbehaves."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

USER, PASSWORD = "tieline", "sftp-秘密"


@dataclass
class Elsewhere:
    """`key`: its host key as a line of known_hosts. `names`: what stood in its folder before each name was given."""

    folder: Path
    port: int
    key: str
    names: list[list[str]] = field(default_factory=list)
    sign_ins: list[str] = field(default_factory=list)
    on_read: Callable[[], None] = lambda: None
    on_write: Callable[[], None] = lambda: None
    silent: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    authorized: asyncssh.SSHKey | None = None
    knows_posix_rename: bool = True

    def url(self, path: str) -> str:
        return f"sftp://{USER}@127.0.0.1:{self.port}/{path}"


class _Door(asyncssh.SSHServer):
    def __init__(self, machine: Elsewhere) -> None:
        self._machine = machine

    def password_auth_supported(self) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        self._machine.sign_ins.append(f"{username} by key")
        return key == self._machine.authorized

    def validate_password(self, username: str, password: str) -> bool:
        self._machine.sign_ins.append(username)
        return (username, password) == (USER, PASSWORD)


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], machine: Elsewhere) -> None:
        super().__init__(channel, chroot=os.fsencode(machine.folder))
        self._machine = machine

    async def read(self, file_obj: Any, offset: int, size: int) -> bytes:  # noqa: ANN401 - asyncssh's
        self._machine.on_read()
        if self._machine.silent:
            await self._machine.over.wait()
        given = super().read(file_obj, offset, size)
        return given if isinstance(given, bytes) else await given

    async def write(self, file_obj: Any, offset: int, data: bytes) -> int:  # noqa: ANN401 - likewise
        self._machine.on_write()
        given = super().write(file_obj, offset, data)
        return given if isinstance(given, int) else await given

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._machine.names.append(sorted(each.name for each in self._machine.folder.iterdir()))
        super().rename(oldpath, newpath)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        if not self._machine.knows_posix_rename:
            raise asyncssh.SFTPOpUnsupported("not here")
        self._machine.names.append(sorted(each.name for each in self._machine.folder.iterdir()))
        super().posix_rename(oldpath, newpath)


@asynccontextmanager
async def elsewhere(folder: Path) -> AsyncIterator[Elsewhere]:
    """Let one listen."""
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    machine = Elsewhere(folder, 0, "")
    listening = await asyncssh.create_server(
        lambda: _Door(machine),
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        sftp_factory=lambda channel: _Files(channel, machine),
    )
    machine.port = listening.get_port()
    machine.key = f"[127.0.0.1]:{machine.port} {host_key.export_public_key().decode().strip()}\n"
    try:
        yield machine
    finally:
        machine.over.set()
        listening.close()
        await listening.wait_closed()
