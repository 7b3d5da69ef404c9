"""What every message broker has in common: where it is, what it is handed, and that this is done once it acknowledged it.

Where the brokers are is said by whoever runs the server, never over the interface: a cluster names further addresses by
itself, which the egress guard does not see.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Final, NamedTuple, Protocol, Self
from urllib.parse import unquote

from tieline.domain.errors import ConfigRefused, VendorUnavailable

_WRITTEN: Final = re.compile(
    r"(?P<name>[a-z][a-z0-9_-]{0,39})=(?P<scheme>kafka|amqps?|nats(?:\+tls)?)://"
    r"(?:(?P<user>[^/\s@:]{1,200})(?::(?P<password>[^/\s@:]{1,500}))?@)?"
    r"(?P<servers>[^/\s@:;]{1,255}:\d{1,5}(?:;[^/\s@:;]{1,255}:\d{1,5}){0,9})/(?P<place>[^\s@]{1,500})"
)


class _Kind(NamedTuple):
    """What an address of a scheme looks like, and what speaks to it."""

    place: re.Pattern[str]
    extra: str
    module: str
    signs_in: bool = True


_RABBITMQ: Final = _Kind(re.compile(r"(?:[^/]{1,255}/)?[A-Za-z0-9._:-]{1,255}"), "rabbitmq", "aio_pika")
_NATS: Final = _Kind(re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*"), "nats", "nats")
_KINDS: Final[Mapping[str, _Kind]] = {
    "kafka": _Kind(re.compile(r"[A-Za-z0-9._-]{1,249}"), "bus", "faststream", signs_in=False),
    "amqp": _RABBITMQ,
    "amqps": _RABBITMQ,
    "nats": _NATS,
    "nats+tls": _NATS,
}
_SHAPES: Final = (
    "kafka://host:port/topic, amqps://user:password@host:port/vhost/exchange or nats+tls://user:password@host:port/subject"
)


@dataclass(frozen=True, slots=True)
class BusAddress:
    """Where one outlet leads. `servers`: `host:port` each. `place`: topic, exchange (after its virtual host) or subject."""

    name: str
    scheme: str
    servers: tuple[str, ...]
    place: str
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse_all(cls, text: str) -> tuple[Self, ...]:
        """Read the comma-separated setting `outlets`. Raises: ConfigRefused: it is written otherwise, or the extra is missing."""
        found = [cls._parse(entry.strip()) for entry in text.split(",") if entry.strip()]
        if len({each.name for each in found}) < len(found):
            raise _unclear()
        for each in found:
            kind = _KINDS[each.scheme]
            if find_spec(kind.module) is None:
                detail = f"this outlet needs the extra `{kind.extra}`: pip install 'tieline[{kind.extra}]'"
                raise ConfigRefused(detail, code="extra_missing")
        return tuple(found)

    @classmethod
    def _parse(cls, entry: str) -> Self:
        found = _WRITTEN.fullmatch(entry)
        kind = _KINDS[found["scheme"]] if found else None
        if not found or not kind or not kind.place.fullmatch(found["place"]) or (found["user"] and not kind.signs_in):
            raise _unclear()
        user, password = (unquote(found[part] or "") for part in ("user", "password"))
        return cls(found["name"], found["scheme"], tuple(found["servers"].split(";")), found["place"], user, password)


def _unclear() -> ConfigRefused:
    return ConfigRefused(f"an outlet is written name={_SHAPES}, each name once")


@dataclass(frozen=True, slots=True)
class BusMessage:
    """`key`: messages of one key stay in order. `kind`: of event, `ticket.changed`."""

    id: str
    key: str
    kind: str
    body: str


class Bus(Protocol):
    """One outlet: connected when the first message goes out. One per outlet and process."""

    async def publish(self, message: BusMessage) -> None:
        """Hand a message over. Raises: VendorUnavailable, VendorTimeout: no acknowledgement; it may have arrived."""

    async def aclose(self) -> None:
        """Let the connection go."""


class NobodyListens(VendorUnavailable):
    """The broker would drop the message: no queue and no stream takes it. Sent again, since somebody may yet come to listen."""

    code = "outlet_unrouted"
    title = "No queue or stream of the broker takes the message"


class BrokerRefuses(VendorUnavailable):
    """The broker does not let us in, or has no such place. Sent again: what is wrong is put right there, or in our settings."""

    code = "outlet_refused"
    title = "The broker refuses us, or has no such place"
