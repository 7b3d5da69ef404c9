"""What is due about one vendor's subscription, decided from what is kept and what its connector declares."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson

from tieline.connectors.connection import VendorConnection
from tieline.connectors.manifest.inbound_plan import Subscription
from tieline.security.secret_box import SecretBox
from tieline.services.house import House
from tieline.store.vendor_subscriptions import Act, VendorSubscription

FIRST_WAIT_S: Final = 60.0
LONGEST_WAIT_S: Final = 3600.0
_PURPOSE: Final = "vendor subscriptions"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A connection whose vendor shall tell us, where, and a digest of everything that this rests on."""

    connection: VendorConnection
    plan: Subscription
    callback_url: str
    settings: str

    @property
    def name(self) -> str:
        """The connection's name."""
        return self.connection.name

    @property
    def keyed(self) -> bool:
        """Whether asking twice still makes one."""
        return self.connection.tier(self.plan.create) == "T1"

    def next_act(self, kept: VendorSubscription, now: datetime) -> Act | None:
        """Say what is to be done now; None: nothing, or somebody is at it.

        Settings that changed end what was made with the old ones. What is doubtful waits for a person, unless they changed.
        """
        if kept.claimed_until is not None and kept.claimed_until > now:
            return None
        if kept.settings != self.settings:
            return "end" if kept.expires_at is not None and self.plan.end else "create"
        if kept.doubtful or (kept.retry_at is not None and kept.retry_at > now):
            return None
        if kept.expires_at is None or kept.expires_at <= now:
            return "create"
        due = kept.expires_at - timedelta(seconds=self.plan.renew_before_s) <= now
        return ("renew" if self.plan.renew else "create") if due else None

    def died_over(self, kept: VendorSubscription, now: datetime) -> bool:
        """Say whether somebody died while asking for it, so that nobody knows whether it came about."""
        lapsed = kept.claimed_until is not None and kept.claimed_until <= now
        return lapsed and kept.act == "create" and not self.keyed


def all_wanted(house: House) -> list[Wanted]:
    """Return every open connection whose subscription ends by itself."""
    found = []
    for connection in house.directory.now.connections.values():
        inbound = connection.connector.manifest.inbound
        if inbound is not None and inbound.subscription is not None:
            found.append(want(connection, inbound.subscription, public_url=house.webhooks.public_url, box=house.box))
    return found


def want(connection: VendorConnection, plan: Subscription, *, public_url: str, box: SecretBox) -> Wanted:
    """Return what a connection wants. `public_url` is empty where nobody said how the world reaches us."""
    callback_url = f"{public_url.rstrip('/')}/v1/webhooks/{connection.name}" if public_url else ""
    told = [connection.connector.manifest.id, dict(connection.config), callback_url]
    written = orjson.dumps(told, default=str, option=orjson.OPT_SORT_KEYS)
    return Wanted(connection, plan, callback_url, hmac.new(box.derive(_PURPOSE), written, hashlib.sha256).hexdigest())


def wait_s(failures: int, hint_s: float | None) -> float:
    """Return the seconds to the next attempt: a minute, twice as long each time, an hour at most, and no sooner than wished."""
    return min(max(FIRST_WAIT_S * 2.0 ** min(failures - 1, 10), hint_s or 0.0), LONGEST_WAIT_S)
