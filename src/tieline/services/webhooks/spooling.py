"""Keep webhooks while the database is away: on disk, and in the inbox as soon as it is back, once each (ADR 0047)."""

import asyncio
from collections.abc import Sequence
from typing import Final, Literal

import structlog

from tieline.domain.errors import Overloaded
from tieline.kit.rounds import Rounds
from tieline.observability.metrics import SPOOLED_BYTES
from tieline.store.inbox import Arrival
from tieline.store.spool import Spool
from tieline.store.webhook_inbox import WebhookInbox, prepared

Kept = Literal["kept", "repeat", "spooled"]
LOOK_EVERY_S: Final = 0.5
AT_ONCE: Final = 200
log = structlog.get_logger()


class SpooledInbox:
    """The inbox, and behind it the spool; without one, whoever cannot be kept is told to come again."""

    def __init__(self, inbox: WebhookInbox, spool: Spool | None) -> None:
        self.inbox = inbox
        self._spool = spool
        self._away = False
        self._rounds: Rounds[str, None] = Rounds(self._write, most=AT_ONCE)

    async def keep(self, arrival: Arrival) -> Kept:
        """Return once the request is on disk, here or there; `repeat`: the same was kept before. Raises: Overloaded: it is not.

        As soon as one finds the database away nobody waits for it, those under way neither: everything goes to the spool, until
        that is empty again.
        """
        if not self._away:
            try:
                return "kept" if await self.inbox.keep(arrival) else "repeat"
            except Overloaded as exc:
                if self._spool is None:
                    raise
                self._found_away(exc)
        await self._rounds.ask(prepared(arrival).decode())
        return "spooled"

    def _found_away(self, exc: Overloaded) -> None:
        if not self._away:
            self._away = True
            log.warning("webhooks.spooling", code=exc.code)
            self.inbox.give_up()

    async def drain_for_ever(self) -> None:
        """Empty the spool whenever the database is there, dead processes' files too, until cancelled."""
        if self._spool is None:
            return
        try:
            while True:
                await self._drain_if_any(self._spool)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self._spool.close()

    async def _drain_if_any(self, spool: Spool) -> None:
        try:
            waiting = await asyncio.to_thread(spool.size)
            SPOOLED_BYTES.set(waiting)
            if waiting or self._away:
                await self.inbox.probe()
            if waiting:
                log.info("webhooks.drained", count=await self._drain(spool))
        except Overloaded:
            return
        except OSError as exc:
            log.error("spool.unusable", error=type(exc).__name__)  # noqa: TRY400 - a traceback may name the place
            return
        self._away = False

    async def _drain(self, spool: Spool) -> int:
        """Put what waits into the inbox, oldest first, and return how much was new. Raises: Overloaded."""
        new = 0
        for path in await asyncio.to_thread(spool.files):
            with spool.claimed(path) as texts:
                for start in range(0, len(texts or ()), AT_ONCE):
                    new += len(await self.inbox.put([text.encode() for text in (texts or [])[start : start + AT_ONCE]]))
        return new

    async def _write(self, texts: Sequence[str]) -> Sequence[None]:
        if self._spool is None:
            message = "there is no spool"
            raise RuntimeError(message)
        await asyncio.to_thread(self._spool.append, texts)
        return [None] * len(texts)
