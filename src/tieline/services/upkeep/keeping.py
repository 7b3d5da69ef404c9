"""Keep vendors telling us: subscribe, renew before the end by the margin the connector declares, subscribe anew when it is lost.

Any number of workers may do this at once: each acts only on what it has claimed, and the vendor is asked outside the transaction.
A request whose end nobody knows is repeated only where that makes no second subscription; otherwise a person is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from tieline.connectors.contract import Result
from tieline.domain.errors import ConnectorError, OutcomeUnknown, VendorMisconfigured, VendorRejected
from tieline.kit.deadline import Deadline
from tieline.kit.ids import time_ordered_id
from tieline.observability.metrics import VENDOR_SUBSCRIPTIONS
from tieline.services.house import House
from tieline.services.upkeep import questions
from tieline.services.upkeep.wanted import Wanted, wait_s
from tieline.store import vendor_subscriptions
from tieline.store.vendor_subscriptions import Act, VendorSubscription

ASK_WITHIN_S: Final = 15.0
CLAIMED_FOR: Final = timedelta(minutes=2)
MOST_ACTS: Final = 3
"""In one go: a renewal or an end, what it makes necessary, and no more."""
ASKED_AFTER: Final = 3
"""So many failures in a row that pass by themselves are shown to a person."""
DOUBTFUL: Final = "subscription_doubtful"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an attempt. `code`: how it failed, `asks`: a person must know."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    code: str | None = None
    asks: bool = False


async def keep(house: House, wanted: Wanted) -> int:
    """Do what is due about one subscription; return how much that was. What fails is written down and due again."""
    for done in range(MOST_ACTS):
        if not await _step(house, wanted):
            return done
    return MOST_ACTS


async def _step(house: House, wanted: Wanted) -> bool:
    now = house.clock()
    kept = await _kept(house, wanted)
    act = wanted.next_act(kept, now)
    if act is None:
        return False
    until = now + CLAIMED_FOR
    key = kept.request_key or str(UUID(time_ordered_id(now)))
    async with house.database.begin() as tx:
        if not await vendor_subscriptions.claim(tx, kept, act, until=until, request_key=key):
            return False
    unclear = wanted.died_over(kept, now) and kept.settings == wanted.settings
    came = Came({"doubtful": True}, DOUBTFUL, asks=True) if unclear else await _attempt(wanted, kept, act, key=key, now=now)
    await _settle(house, wanted, act, came, until)
    return came.code is None


async def _kept(house: House, wanted: Wanted) -> VendorSubscription:
    async with house.database.begin() as tx:
        await vendor_subscriptions.begin(tx, wanted.name, settings=wanted.settings)
        found = await vendor_subscriptions.find(tx, wanted.name)
    return found or VendorSubscription(wanted.name, wanted.settings)


async def _attempt(wanted: Wanted, kept: VendorSubscription, act: Act, *, key: str, now: datetime) -> Came:
    until = now + timedelta(seconds=wanted.plan.lifetime_s)
    inputs = {"callback_url": wanted.callback_url, "until": until, "subscription_id": kept.external_id, "idempotency_key": key}
    try:
        result = await ask(wanted, act, inputs)
    except ConnectorError as exc:
        return _refused(wanted, kept, act, exc, now)
    if act == "end" or (act == "renew" and result.outcome == "not_found"):
        return Came(_none_holds(wanted))
    if result.outcome != "ok":
        return _failed(wanted, kept, VendorRejected(), now)
    known_as = result.external_id or kept.external_id
    return Came({"external_id": known_as, "expires_at": until, "kept_at": now, "settings": wanted.settings, **_WELL})


async def ask(wanted: Wanted, act: Act, inputs: Mapping[str, Any]) -> Result:
    """Ask the vendor, with what the operation takes of the inputs. Raises: ConnectorError."""
    operation = {"create": wanted.plan.create, "renew": wanted.plan.renew, "end": wanted.plan.end}[act] or wanted.plan.create
    takes = wanted.connection.takes(operation) | (wanted.connection.needs(operation) or frozenset())
    if "callback_url" in takes and not wanted.callback_url:
        detail = "nobody said how the world reaches us"
        raise VendorMisconfigured(detail, code="public_url_missing", hint="Set TIELINE_PUBLIC_URL.")
    given = {name: value for name, value in inputs.items() if name in takes and value is not None}
    return await wanted.connection.run(operation, deadline=Deadline.after(ASK_WITHIN_S), priority="bulk", **given)


_WELL: Final[Mapping[str, Any]] = {"failures": 0, "fault": None, "retry_at": None, "doubtful": False, "request_key": None}


def _none_holds(wanted: Wanted) -> dict[str, Any]:
    return {"external_id": None, "expires_at": None, "settings": wanted.settings, **_WELL}


def _refused(wanted: Wanted, kept: VendorSubscription, act: Act, exc: ConnectorError, now: datetime) -> Came:
    """Say what a failure means: an end need not succeed, what is lost is made anew where that makes no second one."""
    if act == "end":
        log.warning("subscription.not_ended", connection=wanted.name, code=exc.code)
        return Came(_none_holds(wanted))
    if act == "renew" and isinstance(exc, VendorRejected) and wanted.keyed:
        return Came(_none_holds(wanted))
    if act == "create" and isinstance(exc, OutcomeUnknown) and not wanted.keyed:
        return Came({"doubtful": True, "settings": wanted.settings, "expires_at": None}, DOUBTFUL, asks=True)
    return _failed(wanted, kept, exc, now)


def _failed(wanted: Wanted, kept: VendorSubscription, exc: ConnectorError, now: datetime) -> Came:
    """What failed is due again. A refusal ends the request; what may have been heard goes again with the same key."""
    failures = kept.failures + 1
    retry_at = now + timedelta(seconds=wait_s(failures, exc.retry_after_s))
    changes = {"failures": failures, "fault": exc.code, "retry_at": retry_at}
    if exc.kind not in {"transient", "unknown"}:
        changes["request_key"] = None
    if kept.settings != wanted.settings:
        changes |= {"settings": wanted.settings, "external_id": None, "expires_at": None, "doubtful": False}
    return Came(changes, exc.code, asks=exc.kind in {"config", "permanent"} or failures >= ASKED_AFTER)


async def _settle(house: House, wanted: Wanted, act: Act, came: Came, claimed_until: datetime) -> None:
    now = house.clock()
    changes = {**came.changes, "fault": came.code}
    async with house.database.begin() as tx:
        if not await vendor_subscriptions.settle(tx, wanted.name, claimed_until=claimed_until, **changes):
            log.warning("subscription.overtaken", connection=wanted.name, act=act)
            return
        if came.asks and came.code:
            await questions.ask(tx, wanted.name, act=act, code=came.code, now=now)
        elif came.code is None and act != "end":
            await questions.close(tx, wanted.name, now=now)
    VENDOR_SUBSCRIPTIONS.labels(wanted.name, f"{act}_failed" if came.code else act).inc()
    (log.warning if came.code else log.info)("subscription.kept", connection=wanted.name, act=act, code=came.code)
