"""The simulated CRM, ERP, helpdesk and PBX on real sockets, with their knobs and counters in a test's own hands."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from tieline.sandbox.faults import FaultGate, Knobs
from tieline.sandbox.launch import build_systems, serving

SIGN_IN: Final = "POST /oauth/token"
CROWD: Final = 60
"""Customers besides the demo's own: enough for a naive search to return somebody else."""


@dataclass
class Sandbox:
    """The simulated CRM, ERP, helpdesk and PBX. `places`: for each its `url` and what it wants to be shown."""

    gates: Mapping[str, FaultGate]
    places: Mapping[str, Mapping[str, str]]

    def turn(self, system: str, **knobs: Any) -> None:  # noqa: ANN401 - any knob there is
        """Make a system slow, broken or silent; without knobs it is well again."""
        self.gates[system].turn(Knobs(**knobs))

    def heal(self) -> None:
        """Put everything right and start counting anew."""
        for gate in self.gates.values():
            gate.turn(Knobs())
            gate.seen.clear()

    def asked(self, system: str, path: str = "") -> int:
        """Return how many requests a system got, signing in aside; `path` counts those that hold it."""
        seen = self.gates[system].seen.items()
        return sum(count for request, count in seen if path in request and request != SIGN_IN)

    @property
    def look_ups(self) -> int:
        """Return how often any system was asked anything."""
        return sum(self.asked(system) for system in ("crm", "erp", "helpdesk"))

    @property
    def writes(self) -> dict[str, int]:
        """Return the requests that could have changed something in a system of customers."""
        return {
            request: count
            for system in ("crm", "erp", "helpdesk")
            for request, count in self.gates[system].seen.items()
            if not request.startswith(("GET ", "HEAD ")) and request != SIGN_IN
        }

    @property
    def permitted(self) -> str:
        """Return the setting that lets a server call these systems on loopback."""
        return ",".join(f"127.0.0.1=127.0.0.0/8:{place['url'].rpartition(':')[2]}" for place in self.places.values())


@asynccontextmanager
async def open_sandbox(*, crowd_size: int = CROWD) -> AsyncIterator[Sandbox]:
    """Run the simulated systems while the block lasts."""
    gates = build_systems(crowd_size=crowd_size)
    async with serving(gates, {}) as places:
        yield Sandbox(gates, places)
