"""Try a connection out, step by step: its settings, its addresses, its sign-in. The one thing sent is the vendor's own ping."""

from dataclasses import dataclass
from typing import Final, Literal

from tieline.connectors.connection import VendorConnection, check_addresses, open_connection
from tieline.domain.errors import TielineError
from tieline.kit.deadline import Deadline
from tieline.services.connection_settings import Settings, connector_of, read, unsealed
from tieline.services.delivery.waking import resume as resume_deliveries
from tieline.services.house import House

PING: Final = "system.ping"
PATIENCE_S: Final = 15.0
StepName = Literal["settings", "addresses", "ping"]
ORDER: Final[tuple[StepName, ...]] = ("settings", "addresses", "ping")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at. `code` and `detail` say what is wrong; `skipped`: the connector offers nothing to look at."""

    name: StepName
    ok: bool
    code: str | None = None
    detail: str = ""
    skipped: bool = False
    took_ms: int = 0


async def verify(house: House, name: str) -> tuple[Step, ...]:
    """Look at each step until one fails, on a connection of its own: fresh sign-in, closed breaker. Raises: NotFound.

    If all hold, what was parked at the connection goes on.
    """
    settings = await read(house, name)
    steps: list[Step] = []
    try:
        await _walk(house, settings, steps)
    except TielineError as exc:
        steps.append(Step(ORDER[len(steps)], ok=False, code=exc.code, detail=exc.detail))
    else:
        async with house.database.begin() as tx:
            await resume_deliveries(tx, [name])
    return tuple(steps)


async def _walk(house: House, settings: Settings, steps: list[Step]) -> None:
    """Add each step that holds. Raises: TielineError: the next one does not."""
    row = settings.row
    connector, plain, egress = connector_of(house, row), unsealed(house, settings), house.directory.egress
    connection = open_connection(row.name, connector, config=row.config, secrets=plain, clock=house.clock, egress=egress)
    try:
        steps.append(Step("settings", ok=True))
        await check_addresses(connector, config=row.config, secrets=plain, egress=egress)
        steps.append(Step("addresses", ok=True))
        steps.append(await _ping(connection))
    finally:
        await connection.aclose()


async def _ping(connection: VendorConnection) -> Step:
    if PING not in connection.operations:
        return Step("ping", ok=True, skipped=True)
    result = await connection.run(PING, deadline=Deadline.after(PATIENCE_S))
    answered = result.outcome == "ok"
    return Step("ping", ok=answered, code=None if answered else "ping_unanswered", took_ms=result.took_ms)
