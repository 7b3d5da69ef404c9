"""The clock of a promise: working time for a first answer and for a solution.

It stands still while we wait for the customer, and when the ticket is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Self

from tieline.domain.customer import Tier
from tieline.domain.ticket import TicketPriority, TicketStatus
from tieline.domain.ticket_calendar import WorkingCalendar
from tieline.domain.ticket_status import is_over

WAITING: Final[frozenset[TicketStatus]] = frozenset({"pending_customer"})


@dataclass(frozen=True, slots=True)
class Target:
    """Working minutes until somebody of ours has answered, and until it is solved."""

    first_response_min: int
    resolve_min: int


@dataclass(frozen=True, slots=True)
class SlaPolicy:
    """Targets by priority; a tier named in `by_tier` has its own."""

    by_priority: Mapping[TicketPriority, Target]
    by_tier: Mapping[Tier, Mapping[TicketPriority, Target]]

    def target(self, priority: TicketPriority, tier: Tier | None) -> Target | None:
        """Return what is promised; None: nothing."""
        own = self.by_tier.get(tier, {}) if tier is not None else {}
        return own.get(priority) or self.by_priority.get(priority)


@dataclass(frozen=True, slots=True)
class SlaClock:
    """How much working time is used up. `running_since` None: it stands. `spent` is what was used before it last started."""

    spent: timedelta = timedelta(0)
    running_since: datetime | None = None

    @classmethod
    def started(cls, at: datetime) -> Self:
        """Return a clock that starts now."""
        return cls(running_since=at)

    def used(self, now: datetime, calendar: WorkingCalendar) -> timedelta:
        """Return the working time used up by now."""
        return self.spent if self.running_since is None else self.spent + calendar.between(self.running_since, now)

    def turned(self, status: TicketStatus, now: datetime, calendar: WorkingCalendar) -> "SlaClock":
        """Return the clock after the ticket got this status: it stands while we wait or when it is over."""
        stands = status in WAITING or is_over(status)
        if stands == (self.running_since is None):
            return self
        if stands:
            return SlaClock(self.used(now, calendar), None)
        return replace(self, running_since=now)

    def due_at(self, budget: timedelta, calendar: WorkingCalendar) -> datetime | None:
        """Return when the budget is used up; None: the clock stands. A budget already used up was due when it last started."""
        if self.running_since is None:
            return None
        return calendar.after(self.running_since, max(budget - self.spent, timedelta(0)))
