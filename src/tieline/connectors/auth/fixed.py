"""Credentials that never change: worked out once, when the connection opens."""

from datetime import datetime

from tieline.connectors.auth.entry import Step, Still
from tieline.connectors.auth.places import put
from tieline.connectors.wire.headers import header_values
from tieline.connectors.wire.messages import Outgoing


class FixedAuth(Still):
    """One value in one place."""

    def __init__(self, place: str, name: str, value: str) -> None:
        if place == "header":
            header_values({name: value})  # What no header may hold is told now, not with the first call.
        self._place, self._name, self._value = place, name, value

    def sign(self, outgoing: Outgoing, at: datetime) -> list[Step]:  # noqa: ARG002 - it holds at any time
        """Put it in its place."""
        put(outgoing, self._place, self._name, self._value)
        return [Step(f"{self._place} {self._name}", self._value, hidden=True, told=False)]

    def secrets(self) -> tuple[str, ...]:
        """Return the value."""
        return (self._value,)
