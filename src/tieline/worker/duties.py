"""What is due by the clock: one line each, and the service that does it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tieline.services import call_repair, call_settling, housekeeping
from tieline.services.customers import standing
from tieline.services.feedback import late, overdue, purchases
from tieline.services.house import House
from tieline.services.housekeeping import Retention
from tieline.services.privacy import erasing, retention
from tieline.services.reports import counting
from tieline.services.subscriptions.managing import resume_left_behind
from tieline.services.understanding import classifying
from tieline.services.upkeep import ending, keeping
from tieline.services.upkeep.wanted import all_wanted
from tieline.services.webhooks.pulling import pull_due
from tieline.worker.edge import attempt


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do at certain minutes (cron, UTC). Across all workers it is done once each time."""

    name: str
    cron: str
    work: Callable[[House, datetime], Awaitable[int]]


async def sweep_calls(house: House, now: datetime) -> int:
    """End calls whose hang-up was lost; one that cannot be ended does not keep the others."""
    lost = await call_settling.lost(house.calls, now)
    return sum([bool(await attempt("call.sweep", call_settling.sweep(house.calls, one, now))) for one in lost])


async def expire_reviews(house: House, now: datetime) -> int:
    """Close questions nobody answered."""
    return await housekeeping.expire_reviews(house.database, now)


async def tidy(house: House, now: datetime) -> int:
    """Delete what is past its time."""
    return await housekeeping.tidy(house.database, Retention(), now)


async def pull_changes(house: House, _now: datetime) -> int:
    """Ask every system whose turn it is what changed."""
    return await pull_due(house.webhooks)


async def repair_calls(house: House, _now: datetime) -> int:
    """Put calls right by the records of exchanges whose events are told once at best."""
    return await call_repair.repair_due(house)


async def link_feedback(house: House, now: datetime) -> int:
    """Link feedback to what became known of its call, ticket and customer; one that cannot be does not keep the others."""
    found = await late.linkable(house.tickets, now)
    return sum([bool(await attempt("feedback.link", late.link(house.tickets, one))) for one in found])


async def classify_texts(house: House, now: datetime) -> int:
    """Have a model read what customers wrote, if there is one; a text it cannot read keeps none of the others."""
    texts = await classifying.unread(house.tickets, now)
    return sum([bool(await attempt("text.classify", classifying.classify(house.tickets, one))) for one in texts])


async def join_purchases(house: House, now: datetime) -> int:
    """Ask what whoever said something had bought; one whose systems do not answer keeps none of the others."""
    found = await purchases.waiting(house.tickets, now)
    return sum([bool(await attempt("feedback.purchase", purchases.join(house.tickets, one))) for one in found])


async def judge_customers(house: House, _now: datetime) -> int:
    """Judge anew the customers something happened to; one whose system does not answer keeps none of the others."""
    refs = await standing.due(house.tickets)
    set_aside = [one for one in refs if house.desk.erased.restricted.any_of((one,))]
    for one in set_aside:
        await standing.leave(house.tickets, one)
    judged = [one for one in refs if one not in set_aside]
    return sum([bool(await attempt("standing.judge", standing.judge_one(house.tickets, one))) for one in judged])


async def escalate_overdue(house: House, now: datetime) -> int:
    """Hand late tickets of people who were let down to somebody higher; one that fails does not keep the others."""
    late_ones = await overdue.overdue(house.tickets, now)
    return sum([bool(await attempt("loop.escalate", overdue.escalate(house.tickets, one))) for one in late_ones])


async def expire_surveys(house: House, now: datetime) -> int:
    """Close surveys nobody answered in time."""
    return await housekeeping.expire_surveys(house.database, now)


async def count_reports(house: House, now: datetime) -> int:
    """Count what is to be counted for the reports."""
    return await counting.count_due(house.tickets, now=now)


async def resume_subscriptions(house: House, _now: datetime) -> int:
    """Let go on what was laid aside for a pause as that ended."""
    return await resume_left_behind(house.subscriptions)


async def keep_subscriptions(house: House, _now: datetime) -> int:
    """Keep every vendor telling us, and end what is no longer wanted; one that cannot be kept does not keep the others."""
    done = [await attempt("subscription.keep", keeping.keep(house, one)) for one in all_wanted(house)]
    return sum(each or 0 for each in (*done, await attempt("subscriptions.end", ending.end_unwanted(house))))


async def sweep_erased(house: House, now: datetime) -> int:
    """Take out what of people who were erased was under way at that moment."""
    return await erasing.sweep(house.desk, house.box, now=now)


async def let_go(house: House, now: datetime) -> int:
    """Let go of what the catalogue of fields gives a term."""
    return await retention.let_go(house.database, now)


DUTIES: Final[tuple[Duty, ...]] = (
    Duty("calls.sweep", "* * * * *", sweep_calls),
    Duty("reviews.expire", "7 * * * *", expire_reviews),
    Duty("subscriptions.resume", "* * * * *", resume_subscriptions),
    Duty("erasures.sweep", "* * * * *", sweep_erased),
    Duty("changes.pull", "* * * * *", pull_changes),
    Duty("calls.repair", "* * * * *", repair_calls),
    Duty("vendor_subscriptions.keep", "* * * * *", keep_subscriptions),
    Duty("feedback.link", "*/2 * * * *", link_feedback),
    Duty("purchases.join", "* * * * *", join_purchases),
    Duty("standings.judge", "* * * * *", judge_customers),
    Duty("texts.classify", "* * * * *", classify_texts),
    Duty("loops.escalate", "* * * * *", escalate_overdue),
    Duty("surveys.expire", "*/10 * * * *", expire_surveys),
    Duty("retention.let_go", "23 3 * * *", let_go),
    Duty("reports.count", "* * * * *", count_reports),
    Duty("records.tidy", "*/10 * * * *", tidy),
)
