"""Who may be calling, from the index of numbers and from what the systems answer; judged by the match ladder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from tieline.domain.agent import Agent
from tieline.domain.customer import Customer
from tieline.domain.dial_plan import calling_code
from tieline.domain.line import Line
from tieline.domain.match import judge
from tieline.domain.match_carry import carriers
from tieline.domain.match_context import Contact, MatchContext, Mention, NumberMark
from tieline.domain.match_reconcile import reconcile
from tieline.domain.match_switchboard import switchboard_keys
from tieline.domain.match_verdict import Verdict
from tieline.domain.merged_records import MOST_FOLLOWED, Heirs, as_their_heirs, heirs_among, without_merged
from tieline.domain.people import KnownNumber, Person, group
from tieline.domain.phone import PhoneNumber
from tieline.domain.references import ExternalRef, survivor_of
from tieline.services.privacy.erased import Erased
from tieline.store.identity import Found, IdentityKey
from tieline.store.memory import Memory

OUR_OWN_WRITES = timedelta(minutes=5)
"""How long a system's search may lag behind what was written to it; until then our index knows better."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What our index holds for a number. `similar` share only the last eight digits; `companies` own a number around it."""

    known: tuple[KnownNumber, ...] = ()
    similar: tuple[Person, ...] = ()
    companies: tuple[Person, ...] = ()
    mark: NumberMark = field(default_factory=NumberMark)


@dataclass(frozen=True)
class Evidence:
    """What the systems have said so far. `answered` are the connections whose search for the number came back.

    `followed` are records that were looked up by their id, `gone` references of which their system has no record any more.
    """

    customers: tuple[Customer, ...] = ()
    followed: tuple[Customer, ...] = ()
    gone: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()
    all_answered: bool = False
    contact: Contact = field(default_factory=Contact)
    mentions: tuple[Mention, ...] = ()

    @cached_property
    def heirs(self) -> Heirs:
        """Return which records were merged, and who stands for each."""
        brought = (*self.customers, *self.followed)
        return heirs_among(brought) if any(customer.merged_into for customer in brought) else {}


NOTHING_SAID = Evidence()


@dataclass(frozen=True)
class Setting:
    """What stays the same during one call: the line, the agent, the trust order, what the agent chose."""

    line: Line
    now: datetime
    trust: tuple[str, ...] = ()
    agent: Agent | None = None
    chosen_ref: str | None = None
    verified: bool = False

    @cached_property
    def agent_names(self) -> frozenset[str]:
        """Return everything an owner of an account may be called by if it is this agent."""
        agent = self.agent
        return frozenset(name for name in (agent.id, agent.name, agent.email) if name) if agent is not None else frozenset()


def country_prefix(caller: PhoneNumber, line: Line) -> str:
    """Return where a number's last digits may be compared; empty: nowhere."""
    return f"+{calling_code(caller.country or line.country)}" if caller.e164 else ""


async def remember(memory: Memory, found: Found, caller: PhoneNumber, line: Line) -> Remembered:
    """Read what the index holds; it is asked once more only where a head office is looked for. Raises: Overloaded."""
    rows = tuple(_known(key) for key in found.keys)
    mark = _mark(found)
    if found.exact and rows:
        return Remembered(known=rows, mark=mark)
    similar = group((), rows) if rows else ()
    return Remembered(similar=similar, companies=await _companies(memory, caller, line), mark=mark)


def without_erased(remembered: Remembered, erased: Erased) -> Remembered:
    """Return what the index holds without who was erased: a row may have been read before, and an import is never that fast."""
    if not erased:
        return remembered
    known = tuple(row for row in remembered.known if not erased.ref(row.ref))
    similar, companies = (
        tuple(one for one in people if not any(erased.ref(ExternalRef.parse(ref)) for ref in one.refs))
        for people in (remembered.similar, remembered.companies)
    )
    return replace(remembered, known=known, similar=similar, companies=companies)


def identify(caller: PhoneNumber, remembered: Remembered, said: Evidence, *, setting: Setting) -> Verdict:
    """Judge who calls. What was remembered and what is answered never replace one another silently."""
    heirs = said.heirs
    standing = tuple(row for row in remembered.known if str(row.ref) not in said.gone)
    known = as_their_heirs(standing, heirs)
    if not said.answered:
        return _judge(caller, (), known, remembered, said, setting)
    customers = without_merged((*said.customers, *said.followed), standing, heirs)
    believed = tuple(row for row in known if _still_believed(row, said, setting.now))
    live = _judge(caller, customers, believed, remembered, said, setting)
    if not remembered.companies and _is_all_of(known, live.chosen):
        return live  # Memory alone could have named nobody else; this is nearly every call.
    from_memory = _judge(caller, (), known, remembered, said, setting)
    return reconcile(from_memory, live, all_answered=said.all_answered)


def _is_all_of(known: Sequence[KnownNumber], chosen: Person | None) -> bool:
    """Say whether every row the index holds for the number is the chosen person's."""
    return chosen is not None and {str(row.ref) for row in known}.issubset(chosen.refs)


def doubtful_records(remembered: Remembered, said: Evidence) -> tuple[str, ...]:
    """Return the references to look up by their id: remembered ones a search did not bring, and survivors of merges."""
    if not remembered.known and not any(customer.merged_into for customer in said.customers):
        return ()
    brought = (*said.customers, *said.followed)
    unconfirmed = (str(row.ref) for row in remembered.known if row.ref.connection in said.answered)
    survivors = (ref for customer in brought if (ref := survivor_of(customer.ref, customer.merged_into)) is not None)
    seen = {str(customer.ref) for customer in said.customers}
    return tuple(ref for ref in dict.fromkeys((*unconfirmed, *survivors)) if ref not in seen)[:MOST_FOLLOWED]


def _judge(
    caller: PhoneNumber,
    customers: Sequence[Customer],
    known: Sequence[KnownNumber],
    remembered: Remembered,
    said: Evidence,
    setting: Setting,
) -> Verdict:
    kept, rows = carriers(customers, known, caller, line=setting.line)
    people = group(kept, rows, trust=setting.trust)
    return judge(caller, people, context=_context(remembered, said, setting, people))


def _context(remembered: Remembered, said: Evidence, setting: Setting, people: Sequence[Person]) -> MatchContext:
    """Recent contact was asked for by number or for the one person; it says nothing about one of several."""
    return MatchContext(
        line=setting.line,
        now=setting.now,
        chosen_ref=setting.chosen_ref,
        verified=setting.verified,
        agent_names=setting.agent_names,
        number=remembered.mark,
        contacts={people[0].ref: said.contact} if len(people) == 1 else {},
        companies=remembered.companies,
        similar=remembered.similar,
        mentions=said.mentions,
    )


def _still_believed(row: KnownNumber, said: Evidence, now: datetime) -> bool:
    """A system that answered knows its own people better than our index, unless we have just written to it."""
    connection = row.ref.connection
    confirmed = str(row.ref) in said.heirs.values() or any(customer.ref == row.ref for customer in said.customers)
    ours = row.verified or (row.seen_at is not None and now - row.seen_at <= OUR_OWN_WRITES)
    return connection not in said.answered or confirmed or ours


async def _companies(memory: Memory, caller: PhoneNumber, line: Line) -> tuple[Person, ...]:
    keys = switchboard_keys(caller, line=line)
    if not keys:
        return ()
    return group((), _longest(await memory.organisations(keys)))


def _longest(keys: Sequence[IdentityKey]) -> Iterable[KnownNumber]:
    """Of several stems that fit, the one that shares most digits with the caller."""
    return (_known(key) for key in keys if len(key.e164) == len(keys[0].e164))


def _known(key: IdentityKey) -> KnownNumber:
    return KnownNumber(
        e164=key.e164,
        ref=ExternalRef(connection=key.connection, kind=key.external_kind, id=key.external_id),
        extension=key.extension,
        label=key.label,
        direct=key.direct,
        display_name=key.display_name,
        party_kind="organization" if key.party_kind == "organization" else "person",
        company=key.company,
        tier=key.tier,
        tags=key.tags,
        verified=key.verified,
        seen_at=key.seen_at,
    )


def _mark(found: Found) -> NumberMark:
    mark = found.mark
    return NumberMark() if mark is None else NumberMark(mark.mark, mark.remembered_ref, mark.remembered_until)
