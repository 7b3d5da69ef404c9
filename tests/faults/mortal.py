"""Workers that die at a named moment, as processes of their own. Run as a script it is the nursery that forks them.

The moments are those of `behaviour/faults.md` ("Crash points"). Those inside our process are reached by replacing one function of
the forked child; those on the wire, and while the system answers, by the fault proxy, which kills the child from outside. None of
this is in the package: a test of its own looks.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from tieline.connectors.connection import open_connection
from tieline.connectors.registry import Catalog
from tieline.domain.delivery import Delivered, Delivery, GivenUp
from tieline.kit.clock import monotonic_s, utc_now
from tieline.security.egress import Egress
from tieline.services.delivery import carrying, sending, settling
from tieline.services.delivery.desk import DeliveryDesk
from tieline.services.delivery.drain import Drain
from tieline.services.delivery.outlets import ConnectionOutlet
from tieline.services.delivery.sinks import Sinks
from tieline.store import delivery_claims, driver_rows
from tieline.store.database import Database, Transaction
from tieline.worker.edge import catch

CONNECTOR: Final = Path(__file__).parent / "connectors" / "shop"
WIRE_POINTS: Final = ("after connect", "mid-body", "after body sent", "committed, no answer", "answer header only")
NOTES: Final = """
    CREATE TABLE trial_notes (delivery_id uuid NOT NULL);
    CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.06); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON trial_notes DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slow_commit();
"""
"""What an owner notes; it takes its time while the transaction commits, so that there is a moment to die in."""


class Notes:
    """An owner whose note of the delivery commits with it, or does not."""

    async def prepare(self, delivery: Delivery) -> Mapping[str, Any] | None:
        return {"record": dict(delivery.inputs)}

    async def delivered(self, tx: Transaction, delivery: Delivery, result: Delivered) -> None:
        del result
        await driver_rows.execute(tx, "INSERT INTO trial_notes VALUES (%(id)s)", {"id": delivery.id})

    async def given_up(self, tx: Transaction, delivery: Delivery, reason: GivenUp) -> None:
        del tx, delivery, reason


@asynccontextmanager
async def connection_to(name: str, port: int) -> AsyncIterator[ConnectionOutlet]:
    """Lend the way to a shop on a port, by the engine as it is."""
    connection = open_connection(
        name,
        Catalog().find(str(CONNECTOR)),
        config={"base_url": f"http://127.0.0.1:{port}"},
        secrets={"token": "t-0123456789"},
        clock=utc_now,
        egress=Egress.parse(f"127.0.0.1=127.0.0.0/8:{port}"),
    )
    yield ConnectionOutlet(connection)
    await connection.aclose()


def desk_over(database: Database, outlets: Mapping[str, ConnectionOutlet]) -> DeliveryDesk:
    """Return a desk that delivers to some shops."""
    return DeliveryDesk(
        database,
        Sinks({"ticket": Notes()}),
        outlet=lambda name: outlets[name],
        drain=Drain(monotonic_s, per_s=10_000),
        chance=lambda: 0.0,
        worker=str(os.getpid()),
        clock=utc_now,
    )


@asynccontextmanager
async def desk_of(database: Database, port: int) -> AsyncIterator[DeliveryDesk]:
    """Lend a desk that delivers to the shop on a port."""
    async with connection_to("shop", port) as outlet:
        yield desk_over(database, {"shop": outlet})


def die() -> None:
    """Be gone at once, as after `kill -9`."""
    os.kill(os.getpid(), signal.SIGKILL)


def _dying_after(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def dies(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever it takes
        await function(*given, **named)
        die()

    return dies


def _dying_before(_function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def dies(*_given: Any, **_named: Any) -> Any:  # noqa: ANN401 - likewise
        die()

    return dies


def _dying_during(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def dies(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - likewise
        asyncio.get_running_loop().call_later(0.03, die)
        return await function(*given, **named)

    return dies


OWN_POINTS: Final[Mapping[str, tuple[object, str, Callable[..., Callable[..., Awaitable[Any]]]]]] = {
    "after claim": (carrying, "work_on", _dying_before),
    "after intent": (sending, "_intend", _dying_after),
    "before connect": (ConnectionOutlet, "send", _dying_before),
    "answer read, before commit": (settling, "done", _dying_before),
    "during commit": (settling, "done", _dying_during),
    "after commit": (settling, "done", _dying_after),
    "after release": (carrying, "_carry_order", _dying_after),
}


def arm(point: str) -> None:
    """Make this process die at a moment of its own; those on the wire come from outside."""
    if point not in WIRE_POINTS:
        place, name, dying = OWN_POINTS[point]
        setattr(place, name, dying(getattr(place, name)))


async def carry_one(order: Mapping[str, Any]) -> None:
    """Live the short life of one worker."""
    database = await Database.open(order["url"], pool_size=4)
    arm(order["point"])
    async with desk_of(database, order["port"]) as desk:
        await carrying.carry(desk, "shop", [order["key"]], has_turn=True, catch=catch)


def nurse() -> None:
    """Fork a worker for each line that comes in; say its process id at once, and how it ended afterwards."""
    assert delivery_claims.LEASE_S, "all is imported before the first is born"
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            asyncio.run(carry_one(json.loads(line)))
            os._exit(0)
        print(child, flush=True)  # noqa: T201 - this is how it answers
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - likewise


if __name__ == "__main__":
    nurse()
