"""A house that listens to an exchange of ours: the recorded calls of a real one, told again as if they happened now."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml
from tests.flows.ami_exchange import SECRET, AmiExchange
from tests.flows.door import patiently

from tieline.connectors.manifest.load import load_part
from tieline.connectors.recordings.example import StreamExample
from tieline.connectors.registry import PACKAGED_CATALOG, Catalog
from tieline.kit.clock import utc_now
from tieline.services.apply import apply
from tieline.services.house import House
from tieline.settings import Settings
from tieline.store import stream_states
from tieline.store.stream_states import StreamState
from tieline.wiring import applying, house_of
from tieline.worker.listeners import listen_for_ever

EXAMPLES: Final = PACKAGED_CATALOG / "asterisk" / "examples"
Message = Mapping[str, Any]
NOISE: Final[tuple[Message, ...]] = (
    {"Event": "VarSet", "Channel": "PJSIP/trunk-00000002", "Uniqueid": "x.1", "Linkedid": "x.1", "Variable": "X", "Value": "1"},
    {"Event": "HangupRequest", "Channel": "PJSIP/trunk-00000002", "Uniqueid": "x.1", "Linkedid": "x.1"},
)
"""Of 176 events of a call, 165 are such; `HangupRequest` begins like a name that is wanted."""


@dataclass
class StreamHouse:
    """The house and its database, with the listeners running."""

    house: House
    settings: Settings
    url: str

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        async with self.house.database.pool.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def standing(self) -> StreamState | None:
        """Return how the stream stands."""
        async with self.house.database.read() as conn:
            return (await stream_states.read(conn)).get("pbx")

    async def until_up(self, *, gaps: int = 0) -> StreamState:
        """Wait until the stream is up after so many gaps."""
        async for _ in patiently(f"the stream was never up after {gaps} gaps"):
            found = await self.standing()
            if found is not None and (found.state, found.gaps) == ("up", gaps):
                return found
        raise AssertionError

    async def until_rows(self, query: str, expected: list[tuple[Any, ...]]) -> None:
        """Wait until the database answers so."""
        found: list[tuple[Any, ...]] = []
        with suppress(AssertionError):
            async for _ in patiently("never so"):
                found = await self.rows(query)
                if found == expected:
                    return
        assert found == expected


def set_up(exchange: AmiExchange) -> str:
    """Return the apply file: one exchange, one line, two agents."""
    config = {
        "base_url": f"http://127.0.0.1:{exchange.port}",
        "ari_user": "tieline",
        "ami_host": "127.0.0.1",
        "ami_port": exchange.port,
        "ami_user": "tieline",
        "endpoint_prefix": "PJSIP/agent",
        "line_prefix": "+86106554",
    }
    secrets = {"ari_password": "plain:ari", "ami_secret": f"plain:{SECRET}"}
    wanted = {
        "version": 1,
        "connections": {"pbx": {"connector": "asterisk", "config": config, "secrets": secrets}},
        "lines": {"+861065544001": {"name": "Support", "country": "CN", "queues": ["support"]}},
        "agents": {
            name: {"name": f"Agent {name}", "role": "agent", "team": "support", "extensions": [name]} for name in ("1001", "1002")
        },
    }
    return yaml.safe_dump(wanted)


@asynccontextmanager
async def listening_house(url: str, folder: Path, exchange: AmiExchange, *, listen: bool = True) -> AsyncIterator[StreamHouse]:
    """Set up a house on an empty database at head, and listen while the block lasts."""
    settings = Settings(
        data_dir=folder, auth="off", port=0, private_networks=f"127.0.0.1=127.0.0.0/8:{exchange.port}", log_level="error"
    )
    file = folder / "tieline.yaml"
    await asyncio.to_thread(file.write_text, set_up(exchange), encoding="utf-8")
    async with applying(settings, url, Catalog()) as tools:
        await apply(tools, file)
    async with house_of(settings, url, Catalog(), clock=utc_now) as house:
        listeners = asyncio.create_task(listen_for_ever(house)) if listen else None
        try:
            yield StreamHouse(house, settings, url)
        finally:
            if listeners is not None:
                listeners.cancel()
                await asyncio.wait([listeners])


def recorded(name: str) -> list[Message]:
    """Return what a real Asterisk said of a call, as if it began now."""
    return as_of_now(load_part(StreamExample, EXAMPLES / f"ami-{name}.yaml").messages, utc_now())


def as_of_now(messages: Sequence[Message], now: datetime) -> list[Message]:
    """Move the times so that the first is now."""
    shift = now.timestamp() - float(messages[0]["Timestamp"])
    return [{**message, "Timestamp": f"{float(message['Timestamp']) + shift:.6f}"} for message in messages]
