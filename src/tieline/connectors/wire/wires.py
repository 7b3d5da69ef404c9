"""Which wire an address is reached by: its scheme says so."""

import ssl
from collections.abc import Mapping
from typing import Final

from tieline.connectors.manifest.schema import Limits
from tieline.connectors.wire.mail import MailWire
from tieline.connectors.wire.messages import Incoming, Outgoing, Wire
from tieline.connectors.wire.transport import HttpWire
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline
from tieline.security.egress import EXCHANGE, MAIL, WEB, Egress

SCHEMES: Final = WEB | MAIL | EXCHANGE


class Wires:
    """A `Wire` made of several: a mail server's sign-in, say, is fetched by HTTP."""

    def __init__(self, by_scheme: Mapping[str, Wire]) -> None:
        self._by_scheme = by_scheme

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:
        """Send by the wire for it. Raises: as that does. VendorMisconfigured: there is none."""
        wire = self._by_scheme.get(outgoing.url.partition(":")[0].lower())
        if wire is None:
            raise VendorMisconfigured("the address to call is not a URL")
        return await wire.send(outgoing, deadline=deadline)

    async def aclose(self) -> None:
        """Close each."""
        for wire in {id(wire): wire for wire in self._by_scheme.values()}.values():
            await wire.aclose()


def wire_for(
    addresses: tuple[str, ...], egress: Egress, *, limits: Limits, tls: ssl.SSLContext, clock: Clock, exchange: Wire
) -> Wire:
    """Return what reaches these addresses. `tls`: whom this connection trusts; `exchange`: what gives commands to exchanges."""
    web = HttpWire(egress, connections=limits.concurrency, response_bytes=limits.response_bytes, tls=tls)
    if all(address.partition(":")[0].lower() in WEB for address in addresses):
        return web
    mail = MailWire(egress, tls=tls, clock=clock)
    return Wires({**dict.fromkeys(WEB, web), **dict.fromkeys(MAIL, mail), **dict.fromkeys(EXCHANGE, exchange)})
