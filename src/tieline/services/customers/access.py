"""May this person read this customer? Whoever may search, yes; an agent, while one of the customer's numbers is with them."""

from collections.abc import Iterable

from tieline.domain.errors import NotAllowed
from tieline.domain.people import Person
from tieline.domain.phone_written import numbers_written_in
from tieline.security.permissions import Caller
from tieline.services.pop_access import STILL_THEIRS
from tieline.services.pop_desk import PopDesk
from tieline.store import on_the_line


async def require(desk: PopDesk, people: Iterable[Person], *, caller: Caller) -> None:
    """Let pass who may read these people. Raises: NotAllowed (`customer_not_in_call`): an agent who has no call with them.

    Somebody who may not search learns nothing from trying: no such customer and not your customer are refused alike.
    """
    if caller.agent is None or caller.may("customer.search"):
        return
    line = desk.directory.now.line_of(None)
    written = [phone for person in people for customer in person.customers for phone in customer.phones]
    numbers = [number.key for text in written for number in numbers_written_in(text, line=line) if number.key]
    async with desk.database.read() as conn:
        for number in dict.fromkeys(numbers):
            if await on_the_line.is_with_agent(conn, caller.agent, number, ended_since=desk.now() - STILL_THEIRS):
                return
    raise NotAllowed("This customer is in no call of yours.", code="customer_not_in_call")
