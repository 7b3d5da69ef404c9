"""What whoever looks at a colleague's screen is shown: of what the colleague sees, what the looker's own role may see."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final

import orjson

from tieline.push.channel import Delivery
from tieline.security.permissions import Caller
from tieline.services.pop_desk import PopDesk
from tieline.services.seeing import views_for

CARDS: Final = frozenset({"pop.show", "pop.update"})
OF_THE_EVENT: Final = ("seq", "at")
"""What an event says of itself within its card."""

Card = dict[str, Any]
Deliveries = AsyncGenerator[Delivery, None]


def for_the_eyes_of(desk: PopDesk, caller: Caller, agent: str, deliveries: Deliveries) -> Deliveries:
    """Return what `caller` may see of an agent's channel: all of one's own; a machine shows the agent what it hears."""
    if caller.agent in (None, agent):
        return deliveries

    def mask(card: Card) -> Card:
        """A mask of a mask is the mask: nothing appears that the agent does not see. The number is not on the looker's line."""
        views = views_for(desk, caller)
        seen = desk.policy.apply(caller.role, card, shape="screen_pop", active_call_phone=False, views=views)
        return {**seen, **{name: card[name] for name in OF_THE_EVENT if name in card}}

    return _masked_again(deliveries, mask)


async def _masked_again(deliveries: Deliveries, mask: Callable[[Card], Card]) -> Deliveries:
    async with aclosing(deliveries):
        async for delivery in deliveries:
            said = orjson.loads(delivery.data)
            if delivery.kind in CARDS:
                said = mask(said)
            elif delivery.kind == "resync":
                said["recent"] = [{**ended, "pop": mask(ended["pop"])} for ended in said["recent"]]
            yield replace(delivery, data=orjson.dumps(said).decode())
