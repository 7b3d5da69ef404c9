"""What the match rules may look at besides the number: the call, the agent, recent contact, what people decided before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from tieline.domain.line import Line
from tieline.domain.order import OPEN_ORDER_STATUSES, Order
from tieline.domain.people import Person
from tieline.domain.ticket import OPEN_TICKET_STATUSES, Ticket

Mark = Literal["shared", "company", "direct", "spam"]

RECENT = timedelta(days=7)
REMEMBERED_FOR = timedelta(days=180)


class Contact(NamedTuple):
    """What lately happened with one person. `open_ticket` and `order_in_transit` are their numbers."""

    open_ticket: str | None = None
    order_in_transit: str | None = None
    last_contact_at: datetime | None = None

    @classmethod
    def gather(
        cls, orders: Iterable[Order] = (), tickets: Iterable[Ticket] = (), *, last_contact_at: datetime | None = None
    ) -> "Contact":
        """Read it off a person's orders and tickets and the time of their last call or message."""
        ticket = next((ticket for ticket in tickets if ticket.status in OPEN_TICKET_STATUSES), None)
        order = next((order for order in orders if order.status in OPEN_ORDER_STATUSES), None)
        return cls(
            open_ticket=(ticket.number or ticket.ref.id) if ticket else None,
            order_in_transit=(order.number or order.ref.id) if order else None,
            last_contact_at=last_contact_at,
        )

    @property
    def is_open(self) -> bool:
        """Say whether something of theirs is under way."""
        return self.open_ticket is not None or self.order_in_transit is not None


@dataclass(frozen=True, slots=True)
class NumberMark:
    """What people decided about a number: what it is, and whom it usually means (a reference, until an instant)."""

    mark: Mark | None = None
    remembered_ref: str | None = None
    remembered_until: datetime | None = None


class Mention(NamedTuple):
    """The number was seen in an old ticket or note; `person` if it is known whose."""

    kind: Literal["ticket", "note"]
    number: str
    person: Person | None = None


NOTHING_RECENT = Contact()


@dataclass(frozen=True, slots=True)
class MatchContext:
    """Everything but the number and the people who carry it.

    `token_ref`: whom an IVR, a deep link or click-to-dial named. `chosen_ref`: whom the agent chose in this interaction.
    `agent_names`: id, name and email of the agent, to recognise an account owner. `contacts` by any reference of a person.
    `companies`, `similar`, `mentions`: weaker evidence (head office or range; same last eight digits; old texts).
    `shown`: references in the order already on the screen, which stays as it is.
    """

    line: Line
    now: datetime
    token_ref: str | None = None
    chosen_ref: str | None = None
    verified: bool = False
    agent_names: frozenset[str] = frozenset()
    number: NumberMark = NumberMark()
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    companies: tuple[Person, ...] = ()
    similar: tuple[Person, ...] = ()
    mentions: tuple[Mention, ...] = ()
    shown: tuple[str, ...] = ()

    def contact(self, person: Person) -> Contact:
        """Return the recent contact kept under any of the person's references."""
        return next((self.contacts[ref] for ref in person.refs if ref in self.contacts), NOTHING_RECENT)

    def remembered_ref(self) -> str | None:
        """Return whom this number usually means, if that was decided and has not lapsed."""
        until = self.number.remembered_until
        return None if until is not None and until <= self.now else self.number.remembered_ref
