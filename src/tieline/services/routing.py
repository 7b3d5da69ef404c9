"""The exchange asks who should get a call: answered at once, from our own memory alone, whatever else is slow or down."""

import asyncio

import structlog

from tieline.domain.errors import Overloaded
from tieline.domain.line import Line
from tieline.domain.people import group
from tieline.domain.phone_normalise import normalise
from tieline.domain.repeat_caller import judge_repeat
from tieline.domain.routing import Circumstances, Route, route
from tieline.services.identification import Remembered, country_prefix, remember
from tieline.services.pop_desk import PopDesk
from tieline.services.repeat_callers import windows_of
from tieline.store.memory import Recall, Recalled

ANSWER_WITHIN_S = 0.15
"""The exchange waits with the caller on the line: what is not remembered by then plays no part."""
log = structlog.get_logger()


async def decide(desk: PopDesk, phone: str, called: str | None) -> Route:
    """Return where the call should go. Raises: RequestRefused(phone_invalid): `phone` is no number at all."""
    directory = desk.directory.now
    line = directory.line_of(called)
    caller = normalise(phone, line=line, internal=directory.internal)
    circumstances = Circumstances(line, desk.now())
    if caller.key is not None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                recall = Recall(e164=caller.key, now=desk.now(), country_prefix=country_prefix(caller, line))
                recalled = await desk.memory.recall(recall)
                remembered = await remember(desk.memory, recalled.found, caller, line)
            circumstances = _circumstances(desk, line, recalled, remembered)
        except (TimeoutError, Overloaded):
            log.warning("route.without_memory")
    return route(circumstances, directory.agents)


def _circumstances(desk: PopDesk, line: Line, recalled: Recalled, remembered: Remembered) -> Circumstances:
    people = group((), remembered.known)
    shared = len(people) > 1 or remembered.mark.mark in {"shared", "company"}
    return Circumstances(
        line=line,
        now=desk.now(),
        people=people,
        past=() if shared else recalled.past,
        repeat=judge_repeat(recalled.past, now=desk.now(), shared=shared, windows=windows_of(line)),
        spam=remembered.mark.mark == "spam",
    )
