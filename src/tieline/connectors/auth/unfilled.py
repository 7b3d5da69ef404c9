"""A further scheme whose secrets need not be filled in, and are not: what is asked under it is refused, and nothing is sent."""

from datetime import datetime

from tieline.connectors.auth.entry import Step, Still
from tieline.connectors.wire.messages import Outgoing, Wire
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.deadline import Deadline


class Unfilled(Still):
    """Signs nothing, ever."""

    async def prepare(self, wire: Wire, outgoing: Outgoing, *, deadline: Deadline, refused: frozenset[str] | None) -> None:  # noqa: ARG002 - nothing is sent
        """Refuse. Raises: VendorMisconfigured."""
        detail = "what this needs to sign in is not filled in"
        raise VendorMisconfigured(detail, code="secret_missing", hint="Fill in the optional secrets of the connection.")

    def sign(self, outgoing: Outgoing, at: datetime) -> list[Step]:  # noqa: ARG002 - it is never reached
        """Nothing to add."""
        return []
