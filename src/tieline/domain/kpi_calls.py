"""Figures from calls: first contact resolution, handling time, abandonment, service level."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tieline.domain.kpi_survey import percent

SAME_MATTER_WITHIN: Final = timedelta(days=7)
ANSWERED_WITHIN_S: Final = 20
OFFERED: Final = frozenset({"served", "abandoned_queue", "missed_agent"})
"""Calls that a person of ours could have answered. Who gave up within five seconds (`abandoned_short`) is left out."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One inbound call. `reason`: the category of the ticket it led to; None: not known, and then it may be any."""

    at: datetime
    outcome: str
    customer_ref: str | None = None
    number: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Handling:
    """How long one call kept an agent, in seconds: talking, the customer on hold, and the work after it."""

    talk_s: int
    hold_s: int = 0
    wrap_up_s: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """How a call came out, and the seconds until a person answered or the caller gave up."""

    outcome: str
    wait_s: int | None = None


def first_contact_resolution(
    contacts: Sequence[Contact], *, shared: Collection[str], now: datetime, others: Sequence[Contact] = ()
) -> float | None:
    """Return the percent of served calls after which the same customer did not call again about the same within 7 days.

    The same customer: the same reference or the same number. The same matter: equal reasons, or one of them not known. Calls
    from `shared` numbers count neither way, nor does a call with nobody's name to it, nor one younger than seven days at `now`.
    `others` are calls that are not judged themselves, but may follow one that is. None: no call that could be judged.
    Source: Call Centre Helper, "First Call (Contact) Resolution", read 2026-11-26:
    https://www.callcentrehelper.com/first-call-contact-resolution-fcr-208926.htm
    """
    known = [one for one in contacts if one.number not in shared and (one.customer_ref or one.number)]
    by_customer: defaultdict[str, list[Contact]] = defaultdict(list)
    for contact in (*known, *(other for other in others if other.number not in shared)):
        for name in _names(contact):
            by_customer[name].append(contact)
    judged = [one for one in known if one.outcome == "served" and one.at + SAME_MATTER_WITHIN <= now]
    again = sum(any(_follows(one, other) for name in _names(one) for other in by_customer[name]) for one in judged)
    return percent(len(judged) - again, len(judged))


def average_handle_time(handled: Sequence[Handling]) -> float | None:
    """Return the mean seconds an agent is kept by a served call: (talk + hold + wrap-up) / calls; None without calls.

    Source: Amazon Connect, "Average handle time", metric definitions, read 2026-11-26:
    https://docs.aws.amazon.com/connect/latest/adminguide/metrics-definitions.html
    """
    return sum(one.talk_s + one.hold_s + one.wrap_up_s for one in handled) / len(handled) if handled else None


def abandonment_rate(outcomes: Iterable[str]) -> float | None:
    """Return the percent of offered calls whose caller gave up in the queue; None without calls.

    abandoned_queue / (served + abandoned_queue + missed_agent). Who gave up within five seconds counts neither way.
    Source: ICMI, "Service Level Calculations", 2002, on short calls, read 2026-11-26:
    http://www.icmi.com/Resources/QueueTips/2005/March/Service-Level-Calculations.aspx
    """
    offered = [outcome for outcome in outcomes if outcome in OFFERED]
    return percent(offered.count("abandoned_queue"), len(offered))


def service_level(waits: Iterable[Wait], *, within_s: int = ANSWERED_WITHIN_S) -> float | None:
    """Return the percent of offered calls that a person answered within so many seconds; None without calls.

    served with wait_s <= within_s / (served + abandoned_queue + missed_agent). Source: as for `abandonment_rate`, the formula
    that charges abandoned calls to us and takes short ones out; the wait counts from the beginning of the call.
    """
    offered = [one for one in waits if one.outcome in OFFERED]
    in_time = sum(one.outcome == "served" and one.wait_s is not None and one.wait_s <= within_s for one in offered)
    return percent(in_time, len(offered))


def _names(contact: Contact) -> list[str]:
    return [name for name in (contact.customer_ref, contact.number) if name is not None]


def _follows(one: Contact, other: Contact) -> bool:
    in_time = one.at < other.at <= one.at + SAME_MATTER_WITHIN
    return in_time and (one.reason is None or other.reason is None or one.reason == other.reason)
