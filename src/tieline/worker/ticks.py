"""What is looked after every two seconds: calls to settle, promises nobody served.

Finer than a job schedule goes, and too small for a job each. Any number of workers may tick at once: each piece of work is
claimed by its own row (a locked call, a fenced promise), so no other lock is needed.
"""

import asyncio
from typing import Final

from tieline.security.audit_signing import AuditSigner
from tieline.services.audit_chain import seal_new
from tieline.services.call_settling import due_to_settle, settle
from tieline.services.house import House
from tieline.services.subscriptions.telling import tell_new
from tieline.services.surveys import deciding
from tieline.services.webhooks.reading import read_due
from tieline.worker.edge import attempt, catch

EVERY_S: Final = 2.0


async def tick_for_ever(house: House) -> None:
    """Tick until cancelled."""
    while True:
        await tick(house)
        await asyncio.sleep(EVERY_S)


async def tick(house: House) -> None:
    """Look after everything once. What fails does not keep the rest from its turn."""
    now = house.clock()
    for interaction_id in await attempt("calls.due", due_to_settle(house.calls, now)) or ():
        await attempt("call.settle", settle(house.calls, interaction_id, now))
    await attempt("pops.resume", house.delivery.resume())
    await attempt("audit.seal", seal_new(house.database, AuditSigner.of(house.box), now=now))
    await attempt("subscribers.tell", tell_new(house.subscriptions))
    for survey_id in await attempt("surveys.due", deciding.waiting(house.surveys)) or ():
        await attempt("survey.decide", deciding.decide(house.surveys, survey_id))
    await attempt("webhooks.read", read_due(house.webhooks, catch=catch))
