"""How far a ticket is, in words an IVR can read out and WeChat can show: nothing personal, nothing the customer typed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from tieline.domain.match_reasons import Language
from tieline.domain.ticket import TicketStatus

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


def progress_text(number: str, status: TicketStatus, due_at: datetime | None, *, language: Language, zone: ZoneInfo) -> str:
    """Return one or two sentences. `due_at` is named only while it is still worked on."""
    told = _SENTENCE[language].format(number=number, words=WORDS[status][language])
    if due_at is None:
        return told
    return told + _PROMISE[language].format(due=_moment(due_at.astimezone(zone), language))


def _moment(local: datetime, language: Language) -> str:
    if language == "zh":
        return f"{local.month}月{local.day}日 {local:%H:%M}"
    return f"{local:%d %B, %H:%M}"
