"""Another system tells of feedback: ours from now on, and changed when that system changes it."""

from datetime import datetime
from typing import Any, Final, get_args
from uuid import UUID

from tieline.domain.errors import RequestRefused
from tieline.domain.feedback import SCALES, Feedback, FeedbackKind, checked_score
from tieline.domain.phone_normalise import normalise
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.services.directory import NO_LINE
from tieline.services.feedback import intake
from tieline.services.tickets.desk import TicketDesk
from tieline.services.webhooks.news import News
from tieline.store import feedback
from tieline.store.database import Transaction

KINDS: Final = ("feedback.received",)
LONGEST_TEXT: Final = 20_000
_FEEDBACK_KINDS: Final[frozenset[str]] = frozenset(get_args(FeedbackKind))


class FeedbackNews:
    """Acts on events about feedback, within the transaction that takes them."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def __call__(self, tx: Transaction, news: News) -> None:
        """Keep it. Raises: RequestRefused: a kind or a score we have no word for, which lays the event aside for a person."""
        by = Caller(actor=news.connection, role="service", scopes=frozenset())
        told = self._told(news)
        if news.event.external_id is not None:
            before = await feedback.lock_told(tx, news.connection, news.event.external_id)
            if before is not None:
                await self._change(tx, before.feedback, told, by=by)
                return
        identity = {"id": UUID(time_ordered_id(news.at)), "received_at": news.at, "received_by": by.actor}
        await intake.keep(tx, self._desk, Feedback(**told, **identity), by=by)

    async def _change(self, tx: Transaction, before: Feedback, told: dict[str, Any], *, by: Caller) -> None:
        named = {name: value for name, value in told.items() if value is not None and name != "agent"}
        changed = before.model_copy(update={**named, "revision": before.revision + 1})
        if changed.model_copy(update={"revision": before.revision}) != before:
            await intake.renew(tx, self._desk, changed, by=by)

    def _told(self, news: News) -> dict[str, Any]:
        """Return the event in the words of `Feedback`; ids of the other system are put beside our own."""
        said = news.canonical
        kind, score = said.get("kind", "csat"), said.get("score")
        if kind not in _FEEDBACK_KINDS:
            raise RequestRefused("There is no such kind of feedback.", code="kind_unknown")
        at = said.get("at")
        return {
            "kind": kind,
            "score": checked_score(kind, score) if kind in SCALES else None,
            "text": (_text(said.get("text")) or "")[:LONGEST_TEXT] or None,
            "channel": _text(said.get("channel")) or news.connection,
            "call_id": _text(said.get("call_id")),
            "customer_ref": f"{news.connection}:{said['customer']}" if _text(said.get("customer")) else None,
            "phone": _number(said.get("phone")),
            "agent": self._ours(_text(said.get("agent"))),
            "tags": tuple(said.get("tags") or ()),
            "causes": tuple(said.get("causes") or ()),
            "at": at if isinstance(at, datetime) else news.event.occurred_at or news.at,
            "origin": news.connection,
            "external_id": news.event.external_id,
            "ticket_there": _text(said.get("ticket")),
        }

    def _ours(self, agent: str | None) -> str | None:
        """Return an agent of ours; another system's own ids for people say nothing here."""
        return agent if agent is not None and agent in self._desk.directory.now.agents else None


def _number(written: object) -> str | None:
    """Return a number as we write it; one that cannot be read says nothing."""
    try:
        return normalise(written, line=NO_LINE).e164 if isinstance(written, str) else None
    except RequestRefused:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
