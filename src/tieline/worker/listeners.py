"""Keeps a listener for every exchange that is set up to be listened to, and none for one that no longer is."""

import asyncio
from typing import Final

from tieline.connectors.connection import VendorConnection
from tieline.services.house import House
from tieline.services.streams.listener import Listener
from tieline.worker.edge import attempt

LOOK_EVERY_S: Final = 1.0
COME_BACK_S: Final = 1.0


async def listen_for_ever(house: House) -> None:
    """Look again and again which exchanges there are. A connection that was set up anew is another one."""
    tasks: dict[VendorConnection, asyncio.Task[None]] = {}
    try:
        while True:
            wanted = {one for one in house.directory.now.connections.values() if one.listening is not None}
            for connection in tasks.keys() - wanted:
                await _stop(tasks.pop(connection))
            for connection in wanted - tasks.keys():
                tasks[connection] = asyncio.create_task(_listen(house, connection), name=f"listen {connection.name}")
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        await asyncio.gather(*(_stop(task) for task in tasks.values()))


async def _listen(house: House, connection: VendorConnection) -> None:
    listening = connection.listening
    while listening is not None:
        await attempt("stream.listen", Listener(house, connection, listening).run())
        await asyncio.sleep(COME_BACK_S)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
