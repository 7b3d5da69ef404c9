"""What a vendor hands out with an answer (a session number, a cookie) and wants back with every request after it."""

from collections.abc import Callable
from datetime import datetime

from tieline.connectors.auth.entry import Step, Still
from tieline.connectors.auth.signer import Placer
from tieline.connectors.auth.taking import Roots, cookies_in
from tieline.connectors.wire.messages import Incoming, Outgoing, Wire
from tieline.kit.deadline import Deadline


def reading_answers(take: Callable[[Roots], str | None]) -> Callable[[Incoming], str | None]:
    """Return a reader of raw answers, whose bodies are not looked at."""

    def read(incoming: Incoming) -> str | None:
        return take({"header": incoming.headers, "cookie": cookies_in(incoming.headers), "status": incoming.status})

    return read


class SessionAuth(Still):
    """One value, as new as the last answer that brought it."""

    def __init__(self, read: Callable[[Incoming], str | None], placer: Placer) -> None:
        self._read = read
        self._placer = placer
        self._value = ""

    @property
    def renewable(self) -> bool:
        """Say whether a new session may help."""
        return bool(self._value)

    async def prepare(self, wire: Wire, outgoing: Outgoing, *, deadline: Deadline, refused: frozenset[str] | None) -> None:  # noqa: ARG002 - nothing is asked
        """Forget a session that was refused."""
        if refused is not None and self._value in refused:
            self._value = ""

    def sign(self, outgoing: Outgoing, at: datetime) -> list[Step]:  # noqa: ARG002 - it holds at any time
        """Send the value back, once there is one."""
        if not self._value:
            return []
        outgoing.credentials |= {self._value}
        return [step._replace(hidden=True, told=False) for step in self._placer.place(outgoing, {"token": self._value})]

    async def observe(self, incoming: Incoming) -> None:
        """Keep what the answer brings."""
        self._value = self._read(incoming) or self._value

    def secrets(self) -> tuple[str, ...]:
        """Return the value in use."""
        return (self._value,) if self._value else ()
