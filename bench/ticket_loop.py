"""How soon a ticket is true everywhere: born with us, in both systems; closed in the helpdesk, closed with us and in the CRM.

    python bench/ticket_loop.py                    60 tickets, a new one every second, systems that take 50 ms
    python bench/ticket_loop.py --every 0.3        three times as many a second

Server, worker, the simulated systems and Postgres share the machine, and all but Postgres one process. Each way is also told as a
multiple of what the systems themselves take for the exchanges that must follow one another.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles

import httpx
import structlog

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.flows.door import patiently
from tests.flows.house import RunningHouse, open_house
from tests.flows.sandbox import Sandbox, open_sandbox

from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.sandbox.access import ACCESS
from tieline.store import migrate
from tieline.store.embedded import EmbeddedPostgres
from tieline.worker import run as worker

UPSTREAM_MS = 50
BORN_ROUNDS, CLOSED_ROUNDS = 1, 4
"""Exchanges with slow systems that must follow one another: make it; close it there, look there, look here, write here."""
WORK = """
    SELECT (SELECT count(*) FROM deliveries), (SELECT count(*) FROM inbox WHERE kind = 'event'),
        (SELECT last_value FROM procrastinate_jobs_id_seq)
"""
EVERYWHERE = """
    SELECT extract(epoch FROM max(state_at))::float8 FROM deliveries
    WHERE object_kind = 'ticket' AND object_id = '{}' AND operation = 'ticket.create' AND state = 'delivered' HAVING count(*) = 2
"""
HELPDESKS = "SELECT external_id FROM ticket_links WHERE ticket_id = '{}' AND connection = 'helpdesk'"
CLOSED = """
    SELECT extract(epoch FROM max(ended_at))::float8 FROM delivery_attempts JOIN deliveries ON deliveries.id = delivery_id
    WHERE object_id = '{}' AND connection = 'crm' AND operation = 'ticket.update'
"""


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=60)
    parser.add_argument("--every", type=float, default=1.0, help="seconds from one ticket to the next")
    wish = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        place = Path(folder)
        await asyncio.to_thread(place.chmod, 0o755)
        postgres = EmbeddedPostgres(place / "data")
        try:
            url = await asyncio.to_thread(postgres.start)
            await asyncio.to_thread(migrate.upgrade, url)
            async with open_sandbox() as sandbox, working(url, place, sandbox) as house:
                await contest(house, tickets=wish.tickets, every_s=wish.every)
        finally:
            await asyncio.to_thread(postgres.stop)


async def contest(house: RunningHouse, *, tickets: int, every_s: float) -> None:
    """Open one ticket after the other, whether or not those before are done, and print how long each took."""
    await one(house)
    for system in ("crm", "helpdesk"):
        house.sandbox.turn(system, latency_ms=UPSTREAM_MS)
    busy_s = time.process_time()
    taken = await asyncio.gather(*(later(house, number * every_s) for number in range(tickets)))
    busy_ms = (time.process_time() - busy_s) / tickets * 1000
    print(f"{tickets} tickets, one every {every_s} s, systems of {UPSTREAM_MS} ms, load {os.getloadavg()[0]:.1f}")
    print(f"{busy_ms:.0f} ms of processor time for each, the simulated systems' included")
    ((deliveries, arrivals, jobs),) = await house.rows(WORK)
    per = tickets + 1
    print(f"for each ticket {deliveries / per:.1f} deliveries, {arrivals / per:.1f} webhooks, {jobs / per:.1f} jobs")
    tell("born, in both systems", [born for born, _ in taken], BORN_ROUNDS)
    tell("closed there, closed everywhere", [closed for _, closed in taken], CLOSED_ROUNDS)


async def later(house: RunningHouse, in_s: float) -> tuple[float, float]:
    """Work on a ticket when it is its turn."""
    await asyncio.sleep(in_s)
    return await one(house)


async def one(house: RunningHouse) -> tuple[float, float]:
    """Open a ticket and close it in the helpdesk; return the seconds until each was true everywhere."""
    begun = utc_now().timestamp()
    fields = {"subject": f"异响 {uuid.uuid4().hex[:6]}", "phone": "+8613800138000", "other_matter": True}
    answer = await house.client.post("/v1/tickets", json=fields, headers={"Idempotency-Key": uuid.uuid4().hex})
    ticket_id = answer.json()["id"]
    born_s = await settled(house, EVERYWHERE.format(ticket_id)) - begun
    number = (await house.rows(HELPDESKS.format(ticket_id)))[0][0]
    auth = (ACCESS["helpdesk"]["username"], ACCESS["helpdesk"]["password"])
    async with httpx.AsyncClient(auth=auth, trust_env=False, verify=False) as there:  # noqa: S501 - loopback, in the clear
        place = f"{house.sandbox.places['helpdesk']['url']}/api/tickets/{number}.xml"
        begun = utc_now().timestamp()
        (await there.put(place, data={"state": "9"})).raise_for_status()
    return born_s, await settled(house, CLOSED.format(ticket_id)) - begun


async def settled(house: RunningHouse, query: str) -> float:
    """Return the moment a query finds, as soon as it finds one. When that is seen does not count."""
    async for _ in patiently("it never came about", within_s=60):
        found = await house.rows(query)
        if found and found[0][0] is not None:
            return float(found[0][0])
    raise AssertionError


def tell(name: str, taken_s: list[float], rounds: int) -> None:
    """Print the figures of one way."""
    p95 = quantiles(taken_s, n=20)[18]
    least = rounds * UPSTREAM_MS / 1000
    within = sum(one <= 1 for one in taken_s) / len(taken_s)
    print(
        f"{name:<34} p50 {median(taken_s):.3f} s, p95 {p95:.3f} s, longest {max(taken_s):.3f} s, {within:.0%} within a second; "
        f"{median(taken_s) / least:.1f}x what the systems need"
    )


@asynccontextmanager
async def working(url: str, place: Path, sandbox: Sandbox) -> AsyncIterator[RunningHouse]:
    """Serve the demo's company with a worker, told by webhooks, while the block lasts."""
    async with open_house(url, place, sandbox) as house:
        at_work = asyncio.create_task(worker.run(house.house, url, concurrency=4))
        try:
            for name in ("crm", "helpdesk"):
                connection = house.house.directory.now.connections[name]
                callback = f"{house.url}/v1/webhooks/{name}"
                await connection.run("event.subscribe", deadline=Deadline.after(5), callback_url=callback)
            yield house
        finally:
            at_work.cancel()
            await asyncio.wait([at_work])


if __name__ == "__main__":
    asyncio.run(main())
