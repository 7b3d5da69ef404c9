"""Which systems are connected, and how each stands at this moment. No vendor is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from tieline.connectors.connection import VendorConnection
from tieline.domain.errors import NotFound
from tieline.services.live_directory import LiveDirectory
from tieline.store import stream_states, vendor_subscriptions
from tieline.store.database import Database
from tieline.store.stream_states import StreamState
from tieline.store.vendor_subscriptions import VendorSubscription

SubscriptionWord = Literal["wanted", "active", "missing", "doubtful"]
Standing = Literal["up", "degraded", "trying", "paused", "misconfigured", "switched_off"]
_BY_BREAKER: Final[Mapping[str, Standing]] = {"closed": "up", "half_open": "trying", "open": "paused"}


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """Whether the vendor tells us what happens. `wanted`: not asked for yet; `doubtful`: nobody knows, and a person must look.

    `fault`: the code by which the last attempt to keep it failed; it is tried again at `retry_at`.
    """

    state: SubscriptionWord
    expires_at: datetime | None = None
    kept_at: datetime | None = None
    retry_at: datetime | None = None
    failures: int = 0
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """A connected system. `paused_s`: seconds until the vendor, who asked to be left alone, is asked again.

    `fault` beside any standing but `misconfigured`: its files were written anew and cannot be used; what they were before holds.
    `misconfigured`: it cannot be opened, or the vendor refuses the credentials it signs in by.
    `drifted`: what the mapping can no longer read, as `ticket.status`; an otherwise sound connection is then `degraded`.
    `stream`: how it stands with listening to it, as the process that listens wrote it down.
    `subscription`: whether its vendor tells us, where that ends by itself; without one that should be there it is `degraded`.
    """

    name: str
    connector: str | None
    standing: Standing
    operations: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    paused_s: float = 0.0
    fault: str | None = None
    drifted: tuple[str, ...] = ()
    stream: StreamState | None = None
    subscription: SubscriptionState | None = None


def connections(directory: LiveDirectory) -> Sequence[ConnectionState]:
    """Return every connection that is set up, by name."""
    states = [_state(directory, connection) for connection in directory.now.connections.values()]
    states += [
        ConnectionState(name, connector=None, standing="misconfigured", fault=code)
        for name, code in directory.faults.items()
        if name not in directory.now.connections
    ]
    states += [ConnectionState(name, connector, standing="switched_off") for name, connector in directory.switched_off.items()]
    return sorted(states, key=lambda state: state.name)


def connection(directory: LiveDirectory, name: str) -> ConnectionState:
    """Return one connection. Raises: NotFound."""
    found = next((state for state in connections(directory) if state.name == name), None)
    if found is None:
        raise NotFound
    return found


async def with_upkeep(
    database: Database, directory: LiveDirectory, states: Sequence[ConnectionState], *, now: datetime
) -> Sequence[ConnectionState]:
    """Add how each stream and each subscription stands. Raises: Overloaded."""
    async with database.read() as conn:
        streams = await stream_states.read(conn)
        kept = await vendor_subscriptions.read(conn)
    told = {name: subscription_of(one, kept.get(name), now) for name, one in directory.now.connections.items()}
    return [_with(state, streams.get(state.name), told.get(state.name)) for state in states]


def subscription_of(connection: VendorConnection, kept: VendorSubscription | None, now: datetime) -> SubscriptionState | None:
    """Say how a connection stands with being told; None: nothing that would end by itself is declared."""
    inbound = connection.connector.manifest.inbound
    if inbound is None or inbound.subscription is None:
        return None
    if kept is None:
        return SubscriptionState("wanted")
    held: SubscriptionWord = "active" if kept.expires_at is not None and kept.expires_at > now else "missing"
    state: SubscriptionWord = "doubtful" if kept.doubtful else held
    return SubscriptionState(state, kept.expires_at, kept.kept_at, kept.retry_at, kept.failures, kept.fault)


def _with(state: ConnectionState, stream: StreamState | None, subscription: SubscriptionState | None) -> ConnectionState:
    untold = subscription is not None and subscription.state in {"missing", "doubtful"}
    standing: Standing = "degraded" if untold and state.standing == "up" else state.standing
    return replace(state, stream=stream, subscription=subscription, standing=standing)


def _state(directory: LiveDirectory, connection: VendorConnection) -> ConnectionState:
    health = connection.health()
    sources = [each for group in directory.now.sources.values() for each in group if each.name == connection.name]
    drifted = tuple(sorted(f"{each.record}.{name}" for each in sources for name in each.drift.fields()))
    working: Standing = "paused" if health.paused_s > 0 else _BY_BREAKER[health.breaker]
    standing: Standing = "misconfigured" if health.refusal else working
    return ConnectionState(
        name=connection.name,
        connector=connection.connector.manifest.id,
        standing="degraded" if drifted and standing == "up" else standing,
        operations=tuple(sorted(connection.operations)),
        answers=tuple(sorted({each.record for each in sources})),
        paused_s=round(health.paused_s, 1),
        fault=directory.faults.get(connection.name) or health.refusal or None,
        drifted=drifted,
    )
