"""May this caller ask about this number? A person may, while it is on the line with them; a machine may, for anybody."""

from datetime import timedelta
from typing import Final

from tieline.domain.errors import NotAllowed
from tieline.domain.phone_normalise import normalise
from tieline.domain.pop_query import PopQuery
from tieline.security.permissions import Caller
from tieline.services.pop_desk import PopDesk
from tieline.store import on_the_line

STILL_THEIRS: Final = timedelta(minutes=30)
"""How long after a call its agent may still look it up: the time of wrapping up."""


async def allowed_query(desk: PopDesk, query: PopQuery, *, caller: Caller) -> PopQuery:
    """Return the query as this caller may put it; a person's own id stands in where it names nobody.

    Raises: NotAllowed: for another agent; or (`pop_not_in_call`) a number this agent has no call with.
    """
    if caller.agent is None:
        return query
    if query.agent is None:
        query = query.model_copy(update={"agent": caller.agent})
    elif not caller.speaks_for(query.agent):
        raise NotAllowed
    if not caller.may("customer.search"):
        await _require_call(desk, query, agent=caller.agent)
    return query


async def _require_call(desk: PopDesk, query: PopQuery, *, agent: str) -> None:
    directory = desk.directory.now
    number = normalise(query.phone, line=directory.line_of(query.line), internal=directory.internal).key
    if number is None:
        return  # withheld or one of ours: nobody is looked up
    async with desk.database.read() as conn:
        if not await on_the_line.is_with_agent(conn, agent, number, ended_since=desk.now() - STILL_THEIRS):
            raise NotAllowed("This number is in no call of yours.", code="pop_not_in_call")
