"""A survey: one occasion to ask one customer, from the moment it comes up until it is answered, or why nobody was asked.

proposed ──▶ refused                         a guard objects; `reasons` keeps all that do
    └──────▶ sending ──▶ sent ──▶ answered
                │          ├────▶ expired
                │          └────▶ opted_out
                └──▶ failed                  no way to the customer worked
"""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Occasion = Literal["call", "ticket", "second_contact"]
"""A call was served; a ticket was solved; we spoke again with somebody whom we had let down."""
SurveyState = Literal["proposed", "refused", "sending", "sent", "answered", "failed", "expired", "opted_out"]
SurveyLanguage = Literal["zh-CN", "en"]
ASKED: Final[frozenset[SurveyState]] = frozenset({"sending", "sent", "answered", "expired", "opted_out"})
"""The states of a survey that reached its customer, or is about to."""
OPEN: Final[frozenset[SurveyState]] = frozenset({"sending", "sent", "failed"})
"""The states in which its page may still be answered. Of a failed one nobody knows for sure that it did not arrive."""


class Survey(BaseModel):
    """One survey as kept. `subject` says what the occasion was; `way` by which it goes out; `version` is the rules'."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    occasion: Occasion
    subject: str
    state: SurveyState = "proposed"
    reasons: tuple[str, ...] = ()
    template: str | None = None
    version: int | None = None
    language: SurveyLanguage | None = None
    way: str | None = None
    call_id: str | None = None
    interaction_id: UUID | None = None
    ticket_id: UUID | None = None
    customer_ref: str | None = None
    phone: str | None = None
    agent: str | None = None
    line: str | None = None
    token_hash: bytes | None = None
    proposed_at: datetime
    decided_at: datetime | None = None
    sent_at: datetime | None = None
    reminded_at: datetime | None = None
    expires_at: datetime | None = None
    answered_at: datetime | None = None
    feedback_id: UUID | None = None

    @property
    def known_by(self) -> tuple[str, ...]:
        """Return what the customer is known by: their number, their reference."""
        return tuple(key for key in (self.phone, self.customer_ref) if key is not None)

    def is_past(self, now: datetime) -> bool:
        """Say whether the time to answer is over."""
        return self.expires_at is not None and self.expires_at <= now
