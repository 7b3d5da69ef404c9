"""Judge a customer by the house's rules: what happened here, and what their own system tells of them; the verdict is told on.

The system is asked outside of any transaction. What it does not say is not known, and holds for nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from tieline.domain.delivery import Delivered, Delivery, Effect, GivenUp
from tieline.domain.errors import ConnectorError, NotFound, VendorMisconfigured
from tieline.domain.feedback import SCALES, FeedbackKind, is_low
from tieline.domain.standing import Contact, Counted, CustomerFacts, judge
from tieline.kit.deadline import Deadline
from tieline.services.customers.standing_due import StandingRules, rules_of
from tieline.services.delivery.promise import promise_all
from tieline.services.delivery.sinks import Inputs
from tieline.services.directory import Directory
from tieline.services.tickets.counterpart import customer_there
from tieline.services.tickets.desk import TicketDesk
from tieline.store import standings
from tieline.store.database import Transaction
from tieline.store.standings import Happened, KeptStanding

STANDING: Final = "customer_standing"
UPDATE: Final = "customer.update"
LOOK_BACK: Final = timedelta(days=365)
ASK_WITHIN_S: Final = 3.0
AT_ONCE: Final = 100
COUNTED: Final[Mapping[str, Counted]] = {"call": "call", "ticket": "ticket", "complaint": "complaint"}
SCORED: Final[Mapping[str, FeedbackKind]] = {str(kind): kind for kind in SCALES}


async def due(desk: TicketDesk) -> Sequence[str]:
    """Return the customers to be judged, the longest waiting first."""
    async with desk.database.read() as conn:
        return await standings.due(conn, limit=AT_ONCE)


async def judge_one(desk: TicketDesk, customer_ref: str) -> bool:
    """Judge one customer; True: something changed, and who is to know is promised it."""
    now, directory = desk.clock(), desk.directory.now
    held = rules_of(directory)
    told = await _told(directory, customer_ref)
    async with desk.database.begin() as tx:
        before = await standings.find(tx, customer_ref, lock=True)
        if before is None:
            return False
        happened = await standings.happened(tx, customer_ref, before.phone, since=now - LOOK_BACK)
        facts = CustomerFacts(now, _contacts(happened), {**told, "nps": _last_nps(happened)})
        verdict = judge(held.rules, facts)
        after = KeptStanding(customer_ref, before.phone, verdict.tier, verdict.tags, verdict.reasons, held.version, now)
        await standings.save(tx, after)
        changed = (before.tier, before.tags) != (after.tier, after.tags)
        if changed:
            await promise_all(tx, [_effect(after, name) for name in _told_to(held, directory)], now=now)
    return changed


async def leave(desk: TicketDesk, customer_ref: str) -> None:
    """Leave a customer as judged before: processing of their data is restricted."""
    async with desk.database.begin() as tx:
        before = await standings.find(tx, customer_ref, lock=True)
        if before is not None:
            await standings.save(tx, replace(before, computed_at=desk.clock()))


class StandingSink:
    """Owner of deliveries about a customer's standing."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def prepare(self, delivery: Delivery) -> Inputs | None:
        """Return tier and tags in the system's words, as its mapping has rows for them; tags that are there stay."""
        directory = self._desk.directory.now
        connection = directory.connections.get(delivery.connection)
        mapping = directory.books.get(delivery.connection, {}).get("customer")
        if connection is None or mapping is None:
            raise VendorMisconfigured(code="connection_closed")
        async with self._desk.database.read() as conn:
            standing = await standings.find(conn, delivery.object_id)
        if standing is None:
            return None
        there = await customer_there(self._desk, standing, connection)
        if there is None:
            raise NotFound("Nobody in that system is this customer beyond doubt.", code="customer_unknown_there")
        answer = await connection.run("customer.get", deadline=Deadline.after(ASK_WITHIN_S), customer_id=there)
        current = answer.records[0] if answer.records else None
        kept = mapping.read(current).get("tags") or () if current is not None else ()
        values: dict[str, Any] = {"tags": tuple(dict.fromkeys((*kept, *standing.tags)))}
        if standing.tier is not None:
            values["tier"] = standing.tier
        return {"customer_id": there, "record": mapping.write(values, current=current, is_new=False)}

    async def delivered(self, tx: Transaction, delivery: Delivery, result: Delivered) -> None:
        """Nothing more to note: the delivery itself says what was told."""

    async def given_up(self, tx: Transaction, delivery: Delivery, reason: GivenUp) -> None:
        """Nothing more to note: a person is asked by the delivery itself."""


async def _told(directory: Directory, customer_ref: str) -> Mapping[Any, Any]:
    """Ask the customer's own system what it tells of them: what they spent, how often they ordered, their tier there."""
    name, _, external_id = customer_ref.partition(":")
    connection, mapping = directory.connections.get(name), directory.books.get(name, {}).get("customer")
    if connection is None or mapping is None or connection.needs("customer.get") is None:
        return {}
    try:
        deadline = Deadline.after(ASK_WITHIN_S)
        answer = await connection.run("customer.get", deadline=deadline, priority="bulk", customer_id=external_id)
    except ConnectorError:
        return {}
    profile = mapping.read(answer.records[0]) if answer.records else {}
    spent = profile.get("total_spent")
    return {"spent": spent.amount if spent else None, "orders": profile.get("order_count"), "tier": profile.get("tier")}


def _contacts(happened: Sequence[Happened]) -> list[Contact]:
    """Return what happened under its own words, and once more as contacts: a call, its ticket and its survey are one."""
    found = [Contact(one.at, frozenset(_words(one)), frozenset(_topics(one))) for one in happened]
    together: dict[str, list[Happened]] = {}
    for one in happened:
        together.setdefault(one.matter, []).append(one)
    topics = {matter: frozenset(topic for one in group for topic in _topics(one)) for matter, group in together.items()}
    once = [Contact(max(one.at for one in group), frozenset({"contact"}), topics[matter]) for matter, group in together.items()]
    return [*found, *once]


def _words(one: Happened) -> Iterator[Counted]:
    if one.kind in COUNTED:
        yield COUNTED[one.kind]
    if one.kind in SCALES and is_low(SCORED[one.kind], one.score):
        yield "low_score"


def _topics(one: Happened) -> Iterator[str]:
    yield from filter(None, (one.word, *one.causes))


def _last_nps(happened: Sequence[Happened]) -> int | None:
    said = [(one.at, one.score) for one in happened if one.kind == "nps" and one.score is not None]
    return max(said)[1] if said else None


def _told_to(held: StandingRules, directory: Directory) -> list[str]:
    return [name for name in held.write_to if (one := directory.connections.get(name)) and one.needs(UPDATE) is not None]


def _effect(standing: KeptStanding, name: str) -> Effect:
    moment = standing.computed_at.isoformat() if standing.computed_at else ""
    return Effect(
        connection=name,
        operation=UPDATE,
        object_kind=STANDING,
        object_id=standing.customer_ref,
        order_key=f"customer:{standing.customer_ref}",
        inputs={},
        key=f"{STANDING}:{standing.customer_ref}:{name}:{moment}",
        blocks=False,
        priority="bulk",
    )
