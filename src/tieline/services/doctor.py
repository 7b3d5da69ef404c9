"""One line for each thing a running server needs: database, migrations, clock, connections, disk."""

import asyncio
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tieline.services import readiness
from tieline.services.house import House
from tieline.store import configuration
from tieline.store.configuration import ConnectionRow

LEAST_FREE_BYTES: Final = 1_073_741_824


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, and what to know or do."""

    name: str
    well: bool
    told: str


async def examine(house: House, *, data_dir: Path) -> Sequence[Finding]:
    """Look at everything; a connection's vendor is not called, only its name resolved."""
    ready = await readiness.check(house.database, clock=house.clock)
    found = [
        Finding("database", ready.database == "ok", ready.database),
        Finding("migrations", ready.schema in {"ok", "ahead"}, ready.schema),
        Finding("clock", ready.clock == "ok", ready.clock),
        _disk(data_dir),
    ]
    found += [
        Finding(f"connection {name}", well=False, told=f"cannot be opened as it is set up now: {code}")
        for name, code in house.directory.faults.items()
    ]
    async with house.database.read() as conn:
        rows = (await configuration.read(conn)).connections.values()
    found += [await _dns(row) for row in rows if row.name not in house.directory.faults]
    lines, agents = len(house.directory.now.lines), len(house.directory.now.agents)
    found.append(Finding("directory", lines > 0 and agents > 0, f"{lines} lines, {agents} agents"))
    return found


def _disk(data_dir: Path) -> Finding:
    folder = next(path for path in (data_dir.absolute(), *data_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    return Finding("disk", free >= LEAST_FREE_BYTES, f"{free // 1_048_576} MiB free")


async def _dns(row: ConnectionRow) -> Finding:
    name = f"connection {row.name}"
    if row.paused:
        return Finding(name, well=True, told="paused")
    hosts = {host for value in row.config.values() if (host := urlsplit(str(value)).hostname)}
    try:
        for host in hosts:
            await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return Finding(name, well=False, told="its host name cannot be resolved")
    return Finding(name, well=True, told="open")
