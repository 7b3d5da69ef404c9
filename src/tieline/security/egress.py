"""Where we may call: public addresses, each kind of service on its own port, and what the operator has named. Nothing else, ever.

Checked when a connection is saved and again for every address that is dialled, so that a name that changes its address between
the two (DNS rebinding) leads nowhere. Behaviour S15-S17, B69.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, NamedTuple, Self
from urllib.parse import SplitResult, urlsplit

from tieline.domain.errors import ConfigRefused, EgressForbidden

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL: Final = 2000
WEB: Final = frozenset({"https", "http"})
MAIL: Final = frozenset({"smtps", "smtp"})
"""Mail is handed over by TLS from the first byte (`smtps`) or after STARTTLS (`smtp`), RFC 8314."""
SFTP: Final = frozenset({"sftp"})
EXCHANGE: Final = frozenset({"esl", "esls"})
"""An exchange's event socket, plain or behind a TLS wrapper: never public, so the operator names each."""
_PUBLIC_PORTS: Final[Mapping[str, int]] = {"https": 443, "smtps": 465, "smtp": 587, "sftp": 22}
"""Where a public address may be called without anybody's permission; plain HTTP is nowhere."""
_USUAL_PORTS: Final[Mapping[str, int]] = {**_PUBLIC_PORTS, "http": 80, "esl": 8021, "esls": 8021}
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE
)
_NUMBER_LABEL: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
_UNPRINTABLE: Final = re.compile(r"[^\x21-\x7e]")

# IANA special-purpose registries (read 2026-11-22), plus the metadata services of Azure and Oracle that lie in public space.
_DENIED_IPV4: Final = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
    )
)  # fmt: skip
_GLOBAL_IPV6: Final = ipaddress.IPv6Network("2000::/3")
_DENIED_IPV6: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)  # fmt: skip
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class Target(NamedTuple):
    """The part of a URL that decides where a connection goes."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class PrivateNetwork:
    """One permission of the operator: this host name, resolving into this network, on this port."""

    host: str
    network: Network
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `erp.acme.lan=10.2.0.0/16:8443`. Raises: ConfigRefused: any other shape."""
        host, equals, rest = text.strip().partition("=")
        cidr, colon, port = rest.rpartition(":")
        try:
            network = ipaddress.ip_network(cidr.strip("[]"))
        except ValueError as exc:
            raise _unclear_permission() from exc
        if not (equals and colon and host and port.isdecimal() and int(port) in range(1, 65_536)):
            raise _unclear_permission()
        return cls(host.strip("[]").lower(), network, int(port))


def _unclear_permission() -> ConfigRefused:
    return ConfigRefused("a private network is written host=CIDR:port, for example erp.acme.lan=10.2.0.0/16:8443")


@dataclass(frozen=True, slots=True)
class Egress:
    """The rule for one process. Only whoever runs the server can widen it."""

    private: tuple[PrivateNetwork, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the comma-separated setting `private_networks`. Raises: ConfigRefused."""
        return cls(tuple(PrivateNetwork.parse(entry) for entry in text.split(",") if entry.strip()))

    def check(self, url: str, *, schemes: AbstractSet[str] = WEB) -> Target:
        """Accept the address of a URL as written, before any name is resolved. Raises: EgressForbidden."""
        target = parse_target(url, schemes=schemes)
        permitted = self._permissions(target.host, target.port)
        if not permitted and _PUBLIC_PORTS.get(target.scheme) != target.port:
            detail = (
                "only https on port 443 and mail on 465 and 587 may be called, unless the operator of this server permits more"
            )
            raise EgressForbidden(detail)
        literal = _literal(target.host)
        if literal is not None:
            self.check_addresses(target, [literal])
        elif not permitted and "." not in target.host:
            raise EgressForbidden("a name without a dot is a machine of this network, which only the operator may permit")
        return target

    def check_addresses(self, target: Target, addresses: Iterable[str | Address]) -> None:
        """Accept what a name resolved to; every single address must pass. Raises: EgressForbidden."""
        permitted = self._permissions(target.host, target.port)
        usual = _PUBLIC_PORTS.get(target.scheme) == target.port
        for text in addresses:
            address = ipaddress.ip_address(text.partition("%")[0]) if isinstance(text, str) else text
            named = any(_contains(network, address) for network in permitted)
            if not named and not (usual and is_public(address)):
                raise EgressForbidden("the name leads to an address that may not be called")

    def check_dialled(self, address: str, port: int) -> None:
        """Accept one address about to be dialled, whatever its name was: the last line. Raises: EgressForbidden."""
        dialled = ipaddress.ip_address(address.partition("%")[0])
        named = any(entry.port == port and _contains(entry.network, dialled) for entry in self.private)
        if not named and not is_public(dialled):
            raise EgressForbidden("this address may not be called")

    def _permissions(self, host: str, port: int) -> tuple[Network, ...]:
        return tuple(entry.network for entry in self.private if entry.host == host.lower() and entry.port == port)


def parse_target(url: str, *, schemes: AbstractSet[str] = WEB) -> Target:
    """Read scheme, host and port strictly: what two parsers could read differently is refused. Raises: EgressForbidden."""
    parts = _split(url)
    if parts.scheme not in schemes or parts.username is not None or parts.password is not None or parts.fragment:
        raise EgressForbidden("a URL is https://host/path, without user name and fragment")
    host = parts.hostname or ""
    if _literal(host) is None and (not _HOST.fullmatch(host) or _NUMBER_LABEL.fullmatch(host.rpartition(".")[2])):
        raise EgressForbidden("the URL names no proper host; an IPv4 address is written as four numbers")
    return Target(parts.scheme, host, _port(parts))


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL or "\\" in url or _UNPRINTABLE.search(url):
        raise EgressForbidden("the URL is too long or holds a character that no URL may hold; write other scripts as xn--")
    try:
        return urlsplit(url)
    except ValueError as exc:
        raise EgressForbidden("the URL cannot be read") from exc


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or _USUAL_PORTS[parts.scheme]
    except ValueError as exc:
        raise EgressForbidden("the URL's port is not a port") from exc


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Say whether an address is a machine on the open Internet, seen through IPv4-mapped and NAT64 forms."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in network for network in _DENIED_IPV4)
    embedded = address.ipv4_mapped
    if embedded is None and address in _NAT64:
        embedded = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if embedded is not None:
        return is_public(embedded)
    return address in _GLOBAL_IPV6 and not any(address in network for network in _DENIED_IPV6)


def _contains(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network
