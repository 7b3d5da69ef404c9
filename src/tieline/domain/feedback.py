"""What a customer said of us: which kinds there are, what each may hold, and what must not be left unanswered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from tieline.domain.errors import RequestRefused

FeedbackKind = Literal["csat", "nps", "ces", "complaint", "praise", "suggestion"]
FollowUp = Literal["reopened", "opened", "went_on"]
"""What became of feedback that needs an answer: its ticket began anew, got a new one, or goes on where one was open."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The scores of one kind, both ends included; up to `low` somebody of ours must answer."""

    lowest: int
    highest: int
    low: int


SCALES: Final[Mapping[FeedbackKind, Scale]] = {"csat": Scale(1, 5, low=2), "nps": Scale(0, 10, low=6), "ces": Scale(1, 7, low=3)}
"""Kinds with a score; the others are words. CES counts ease: 7 is "strongly agree that you made it easy" (CES 2.0)."""


class Feedback(BaseModel):
    """One piece of feedback as kept. `at`: when the customer said it; `received_at`: when we heard.

    `customer_ref` and `phone` are as told; who it is may become known later by the call or the ticket. `origin`: the connection
    it came from; `external_id` and `ticket_there` are its ids. `revision` counts what that system changed. `interaction_id` is
    the call `call_id` turned out to be. `follow_up` says what was done about it, and `follow_up_ticket` where.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    kind: FeedbackKind
    score: int | None = None
    text: str | None = None
    channel: str
    call_id: str | None = None
    interaction_id: UUID | None = None
    ticket_id: UUID | None = None
    customer_ref: str | None = None
    phone: str | None = None
    agent: str | None = None
    tags: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    at: datetime
    received_at: datetime
    received_by: str
    origin: str | None = None
    external_id: str | None = None
    ticket_there: str | None = None
    revision: int = 1
    follow_up: FollowUp | None = None
    follow_up_ticket: UUID | None = None


def checked_score(kind: FeedbackKind, score: int | None) -> int | None:
    """Return the score. Raises: RequestRefused: `score_required`, `score_range`, or `score_unexpected` for a kind of words."""
    scale = SCALES.get(kind)
    if scale is None:
        if score is not None:
            raise RequestRefused("This kind of feedback has no score.", code="score_unexpected")
        return None
    if score is None:
        raise RequestRefused("This kind of feedback is a score.", code="score_required")
    if not scale.lowest <= score <= scale.highest:
        raise RequestRefused(f"The score goes from {scale.lowest} to {scale.highest}.", code="score_range")
    return score


def is_low(kind: FeedbackKind, score: int | None) -> bool:
    """Say whether a score is one of somebody who was let down."""
    scale = SCALES.get(kind)
    return scale is not None and score is not None and score <= scale.low


def asks_for_an_answer(feedback: Feedback, *, reachable: bool) -> bool:
    """Say whether somebody must act: on a complaint and on a low score.

    `reachable`: we know whom to turn to, or what it was about. An anonymous score without a word leaves nothing to be done.
    """
    let_down = feedback.kind == "complaint" or is_low(feedback.kind, feedback.score)
    return let_down and (reachable or bool(feedback.text))
