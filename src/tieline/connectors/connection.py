"""One authorised, configured use of a connector: what services hold and ask."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from secrets import token_bytes
from typing import Any

from tieline.connectors import contract
from tieline.connectors.auth.bench import Tools
from tieline.connectors.auth.kinds import build_schemes
from tieline.connectors.auth.vault import FreshSignIn, Keeping, TokenVault
from tieline.connectors.contract import Result
from tieline.connectors.engine.asking import Asking, Compiled
from tieline.connectors.engine.exchange import Exchanger
from tieline.connectors.engine.own_requests import own_requests
from tieline.connectors.engine.trace import Trace
from tieline.connectors.inbound.hearing import Hearing
from tieline.connectors.inbound.sealing import Entropy
from tieline.connectors.language.templates import constant_text
from tieline.connectors.manifest.configuration import settle
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.manifest.token_grants import TokenGrant
from tieline.connectors.registry import Connector
from tieline.connectors.streams.commands import CommandWire
from tieline.connectors.streams.listening import Listening, address_of
from tieline.connectors.wire.addresses import check_reachable
from tieline.connectors.wire.breaker import CircuitBreaker
from tieline.connectors.wire.breaker import State as BreakerState
from tieline.connectors.wire.limits import Priority, Throttle
from tieline.connectors.wire.messages import Wire
from tieline.connectors.wire.transport import trusted_tls
from tieline.connectors.wire.trust import tls_of_its_own
from tieline.connectors.wire.wires import SCHEMES, wire_for
from tieline.domain.border import HOME, Crossing
from tieline.domain.errors import VendorUnavailable
from tieline.kit.clock import Clock, monotonic_s
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress


@dataclass(frozen=True, slots=True)
class Health:
    """How the connection stands now, without asking the vendor. `refusal`: the code by which it refused our credentials."""

    breaker: BreakerState
    paused_s: float
    refusal: str = ""


class VendorConnection(Asking, Hearing, contract.Connection):
    """Runs the operations of one connector with one configuration. Close it when the configuration changes."""

    def __init__(
        self,
        name: str,
        connector: Connector,
        config: Mapping[str, Any],
        *,
        exchanger: Exchanger,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        Asking.__init__(self, connector.manifest, config, exchanger=exchanger)
        Hearing.__init__(self, connector.manifest, config, clock=clock, entropy=entropy)
        self._name = name
        self._clock = clock
        self._config = config
        self._secrets = tuple(str(config[field]) for field in connector.manifest.secrets if config.get(field))
        stream = connector.manifest.inbound.stream if connector.manifest.inbound else None
        self.listening = Listening(stream, config, tls=_own_tls(connector.manifest, config)) if stream else None
        self.connector = connector
        self.crossing: Crossing = HOME

    def __repr__(self) -> str:
        return f"<VendorConnection {self._name} of {self.connector.manifest.id}>"

    @property
    def name(self) -> str:
        """The administrator's name for it."""
        return self._name

    @property
    def config(self) -> Mapping[str, Any]:
        """The settled form, secrets among it: for whoever must know what to take out, never to be shown."""
        return self._config

    def secrets(self) -> tuple[str, ...]:
        """Return everything secret that may stand in a request or an answer by now."""
        return (*self._secrets, *super().secrets())

    def afresh(self, over: Callable[[Wire], Wire]) -> "VendorConnection":
        """Return the same connection as if just opened, signed in nowhere, over a wire put around this one's."""
        kept = self._exchanger.schemes.keeping
        keeping = replace(kept, vault=FreshSignIn(kept.vault))
        wire = over(self._exchanger.wire)
        same = assemble(self._name, self.connector, self._config, wire=wire, clock=self._clock, keeping=keeping)
        same.crossing = self.crossing
        return same

    async def _run(
        self, compiled: Compiled, inputs: Mapping[str, Any], deadline: Deadline, priority: Priority, trace: Trace | None = None
    ) -> Result:
        """Ask, if what is asked may leave the country. Raises: TransferForbidden; else as ever."""
        return await super()._run(compiled, self.crossing.pass_through(inputs), deadline, priority, trace)

    def health(self) -> Health:
        """Tell how it stands, without asking the vendor."""
        return Health(self._exchanger.breaker.state, self._exchanger.throttle.paused_s(), self._exchanger.schemes.refusal)

    async def aclose(self) -> None:
        """Close every connection to the vendor; calls under way end as broken."""
        await self._exchanger.aclose()


def open_connection(  # noqa: PLR0913 - the seventh, the vault, is only given where tokens outlive the process
    name: str,
    connector: Connector,
    *,
    config: Mapping[str, Any],
    secrets: Mapping[str, str],
    clock: Clock,
    egress: Egress,
    vault: TokenVault | None = None,
) -> VendorConnection:
    """Check the configuration and make a connection; nothing is sent yet.

    Raises: VendorMisconfigured: a field or secret is missing, empty or of the wrong type. EgressForbidden: an address that may
    not be called.
    """
    manifest = connector.manifest
    settled = settle(manifest, config, secrets)
    addresses = _addresses(manifest, settled)
    for url in addresses:
        egress.check(url, schemes=SCHEMES)
    tls = _own_tls(manifest, settled) or trusted_tls()
    wire = wire_for(addresses, egress, limits=manifest.limits, tls=tls, clock=clock, exchange=CommandWire(egress, tls=tls))
    keeping = Keeping(vault) if vault else Keeping()
    return assemble(name, connector, settled, wire=wire, clock=clock, keeping=keeping)


def assemble(  # noqa: PLR0913 - the last two are chance and memory, given only where either must be known
    name: str,
    connector: Connector,
    settled: Mapping[str, Any],
    *,
    wire: Wire,
    clock: Clock,
    entropy: Entropy = token_bytes,
    keeping: Keeping | None = None,
) -> VendorConnection:
    """Make a connection over any wire, for recordings as well. Raises: VendorMisconfigured: a credential is empty."""
    manifest = connector.manifest
    tools = Tools(clock, own_requests(manifest, settled), manifest.limits.timeout_ms / 1000, keeping or Keeping())
    exchanger = Exchanger(
        wire=wire,
        schemes=build_schemes(manifest, settled, tools),
        throttle=Throttle(manifest.limits, monotonic_s),
        breaker=CircuitBreaker(monotonic_s),
        clock=clock,
    )
    return VendorConnection(name, connector, settled, exchanger=exchanger, clock=clock, entropy=entropy)


async def check_addresses(connector: Connector, *, config: Mapping[str, Any], secrets: Mapping[str, str], egress: Egress) -> None:
    """Judge, when a connection is saved, every address it would call: as written, and by what its name means now.

    Raises: VendorMisconfigured: as `open_connection`. EgressForbidden: one may not be called. VendorUnavailable: all others may,
    and a name is not known at this moment, which need not keep anybody from saving it.
    """
    settled = settle(connector.manifest, config, secrets)
    unknown: VendorUnavailable | None = None
    for url in _addresses(connector.manifest, settled):
        try:
            await check_reachable(url, egress, schemes=SCHEMES)
        except VendorUnavailable as exc:
            unknown = exc
    if unknown is not None:
        raise unknown


def outbound_urls(manifest: Manifest) -> tuple[str, ...]:
    """Return the templates of every address the connector calls; none for one that only listens."""
    hosts = tuple(manifest.hosts.values()) if manifest.operations else ()
    entries = (entry for scheme in manifest.schemes.values() for entry in scheme)
    return (*hosts, *(entry.token_url for entry in entries if isinstance(entry, TokenGrant)))


def _own_tls(manifest: Manifest, settled: Mapping[str, Any]) -> ssl.SSLContext | None:
    """Return the context of this connection alone, if its form holds one. Raises: VendorMisconfigured: it cannot be made."""
    told = manifest.tls.model_dump(exclude_none=True) if manifest.tls else {}
    filled = {name: text for name, template in told.items() if (text := constant_text(template, settled))}
    return tls_of_its_own(**filled) if filled else None


def _addresses(manifest: Manifest, settled: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every address that is dialled with this configuration."""
    asked = tuple(constant_text(template, settled) for template in outbound_urls(manifest))
    stream = manifest.inbound.stream if manifest.inbound else None
    return (*asked, address_of(stream, settled)) if stream else asked
