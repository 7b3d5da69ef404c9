"""One line for each thing a running server needs: database, migrations, clock, connections, streams, disk."""

import asyncio
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tieline.services import connection_states, readiness, work_waiting
from tieline.services.break_glass import notice
from tieline.services.connection_states import SubscriptionState
from tieline.services.house import House
from tieline.store import configuration, stream_states, vendor_subscriptions
from tieline.store.configuration import ConnectionRow
from tieline.store.stream_states import StreamState

LEAST_FREE_BYTES: Final = 1_073_741_824
LISTENER_SILENT: Final = timedelta(seconds=20)


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
    found += await _streams(house)
    found += await _subscriptions(house)
    inside = await notice.sessions_open(house.database, clock=house.clock)
    found.append(Finding("local administrators", inside == 0, f"{inside} signed in"))
    found.append(Finding("work", *await work_waiting.told(house.database)))
    lines, agents = len(house.directory.now.lines), len(house.directory.now.agents)
    found.append(Finding("directory", lines > 0 and agents > 0, f"{lines} lines, {agents} agents"))
    return found


async def _streams(house: House) -> Sequence[Finding]:
    """One line for each exchange that is listened to: whoever listens writes every few seconds that it does."""
    async with house.database.read() as conn:
        told = await stream_states.read(conn)
    wanted = (one.name for one in house.directory.now.connections.values() if one.listening is not None)
    return [_stream(name, told.get(name), house.clock()) for name in wanted]


def _stream(name: str, state: StreamState | None, now: datetime) -> Finding:
    finding = f"stream {name}"
    if state is None or now - state.updated_at > LISTENER_SILENT:
        return Finding(finding, well=False, told="nobody listens; does a worker run?")
    if state.state != "up":
        return Finding(finding, well=False, told=f"{state.state}: {state.fault or 'not yet'}")
    unfiltered = "" if state.filtered else ", unfiltered"
    return Finding(finding, well=True, told=f"up, {state.heard} heard, {state.gaps} gaps{unfiltered}")


async def _subscriptions(house: House) -> Sequence[Finding]:
    """One line for each system that is asked to tell us and forgets it after a while."""
    async with house.database.read() as conn:
        kept = await vendor_subscriptions.read(conn)
    now, open_now = house.clock(), house.directory.now.connections
    told = {name: connection_states.subscription_of(one, kept.get(name), now) for name, one in open_now.items()}
    return [_subscription(name, state) for name, state in told.items() if state is not None]


def _subscription(name: str, state: SubscriptionState) -> Finding:
    trouble = f", {state.fault} {state.failures} times" if state.fault else ""
    until = f" until {state.expires_at:%Y-%m-%d %H:%M} UTC" if state.expires_at else ""
    return Finding(f"subscription {name}", state.state == "active" and not state.fault, f"{state.state}{until}{trouble}")


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
