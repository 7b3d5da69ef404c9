"""How far a ticket is, in words an IVR can read out and WeChat can show: nothing personal, nothing the customer typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from tieline.domain.match_reasons import Language
from tieline.domain.ticket import TicketStatus
from tieline.domain.ticket_status import is_over

WORDS: Final[Mapping[TicketStatus, Mapping[Language, str]]] = {
    "new": {"zh": "已受理，等待处理", "en": "has been received and is waiting to be taken up"},
    "open": {"zh": "已分派，即将处理", "en": "has been assigned and will be taken up soon"},
    "in_progress": {"zh": "正在处理", "en": "is being worked on"},
    "pending_customer": {"zh": "需要您补充信息后才能继续", "en": "is waiting for information from you"},
    "resolved": {"zh": "已解决", "en": "has been resolved"},
    "closed": {"zh": "已办结", "en": "is closed"},
    "reopened": {"zh": "已重新开启，正在处理", "en": "has been reopened and is being worked on"},
    "cancelled": {"zh": "已取消", "en": "has been cancelled"},
}
"""What each status means to the customer."""

_SENTENCE: Final[Mapping[Language, str]] = {"zh": "您的工单 {number} {words}。", "en": "Your ticket {number} {words}."}
_PROMISE: Final[Mapping[Language, str]] = {"zh": "预计 {due} 前有结果。", "en": " We expect a result by {due}."}
_WAITS: Final[Mapping[Language, str]] = {
    "zh": "部分信息还在等待另一个系统确认，无需您再次来电。",
    "en": " Part of it still waits for another system to confirm; you need not call again for that.",
}
"""What is said while one of the systems that must know has not taken it yet, whatever the status."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How a ticket stands. `due_at`: None where no moment is to be named; `waits`: a system that must know does not know yet."""

    number: str
    status: TicketStatus
    due_at: datetime | None
    waits: bool = False


def progress_text(ticket: Progress, *, language: Language, zone: ZoneInfo) -> str:
    """Return one to three sentences. A due time is named only while it is still worked on."""
    told = _SENTENCE[language].format(number=ticket.number, words=WORDS[ticket.status][language])
    if ticket.due_at is not None and not is_over(ticket.status):
        told += _PROMISE[language].format(due=_moment(ticket.due_at.astimezone(zone), language))
    return told + (_WAITS[language] if ticket.waits else "")


def _moment(local: datetime, language: Language) -> str:
    if language == "zh":
        return f"{local.month}月{local.day}日 {local:%H:%M}"
    return f"{local:%d %B, %H:%M}"
