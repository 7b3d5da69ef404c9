"""What feedback looks like from outside, and what may be sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tieline.api.lists import ListQuery
from tieline.api.tickets_sent import E164, Ref
from tieline.domain.feedback import FeedbackKind, FollowUp
from tieline.domain.instants import Instant
from tieline.domain.ticket import TicketStatus
from tieline.domain.understanding import Sentiment
from tieline.services.tickets.fields import Tags, Text, Word

_shown = ConfigDict(frozen=True)
CallId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Channel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$", examples=["ivr", "agent", "wechat", "sms", "bot"])]
TicketId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="Our ticket's id.")]


class NewFeedback(BaseModel):
    """What a customer said. Name what you know: the call or the ticket is enough, and what is named too early is linked later."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "csat", "score": 1, "text": "等了太久", "channel": "ivr", "call_id": "c-42"}]},
    )

    kind: FeedbackKind
    score: Annotated[int | None, Field(description="CSAT 1-5, NPS 0-10, CES 1-7 (7: easy); none for words.")] = None
    text: Text | None = None
    channel: Channel
    call_id: CallId | None = None
    ticket_id: TicketId | None = None
    customer: Annotated[Ref | None, Field(description="Left out: whoever the call or the ticket is with.")] = None
    phone: E164 | None = None
    agent: Annotated[Word | None, Field(description="Left out: who talked last on the call, or has the ticket.")] = None
    tags: Tags = ()
    causes: Tags = ()
    at: Annotated[Instant | None, Field(description="When it was said. Left out: now.")] = None


class FeedbackQuery(ListQuery):
    """Which feedback. `since` and `until` are about when it was said."""

    kind: FeedbackKind | None = None
    channel: Channel | None = None
    call_id: CallId | None = None
    ticket_id: TicketId | None = None
    customer: Ref | None = None
    agent: Annotated[str | None, Field(max_length=64)] = None
    since: Instant | None = None
    until: Instant | None = None


class ShownFollowUp(BaseModel):
    """What was done about it: the ticket was `reopened`, `opened`, or `went_on`; and how that stands now."""

    model_config = _shown

    what: FollowUp
    ticket_id: str
    number: str
    status: TicketStatus
    assignee: str | None
    due_at: datetime | None
    opened_at: Annotated[datetime | None, Field(description="When the loop began.")]
    contacted_at: Annotated[datetime | None, Field(description="When we spoke with the customer again.")]
    closed_at: Annotated[datetime | None, Field(description="When its ticket was over.")]
    escalated_at: Annotated[datetime | None, Field(description="When it was handed to somebody higher for being late.")]


class ShownCause(BaseModel):
    """A cause of the tree, and the words that suggested it."""

    model_config = _shown

    id: str
    because: Sequence[str]


class ShownUnderstood(BaseModel):
    """What the text was taken to mean: a suggestion. `by`: our own rules with the version of the tree, or a connection."""

    model_config = _shown

    sentiment: Sentiment
    causes: Sequence[ShownCause]
    by: str


class ShownPurchase(BaseModel):
    """What the customer had bought, as the systems tell. `basis`: the order their ticket names, or the last one before."""

    model_config = _shown

    order: str | None
    products: Sequence[str]
    basis: Literal["ticket", "last_order"] | None
    region: Annotated[str | None, Field(description="Where the customer is from, in their system's words.")]


class ShownCorrection(BaseModel):
    """What a person says it is about, whatever was suggested. `version`: of the tree of causes they chose from."""

    model_config = _shown

    causes: Sequence[str]
    sentiment: Sentiment | None
    by: str
    at: datetime
    version: int


class ShownWritten(BaseModel):
    """What one system was told. `fault` says as a code why it was not."""

    model_config = _shown

    connection: str
    state: Literal["sending", "told", "failed"]
    external_id: str | None
    url: str | None
    fault: str | None


class ShownFeedback(BaseModel):
    """One piece of feedback, as the asker may see it."""

    model_config = _shown

    id: str
    kind: FeedbackKind
    score: int | None
    text: str | None
    channel: str
    call_id: str | None
    ticket_id: str | None
    customer_ref: str | None
    phone: str | None
    agent: str | None
    line: str | None
    queue: str | None
    tags: tuple[str, ...]
    causes: tuple[str, ...]
    at: datetime
    received_at: datetime
    received_by: str
    origin: Annotated[str | None, Field(description="The system that told us; null: reported here.")]
    understood: Annotated[ShownUnderstood | None, Field(description="Null without a text.")]
    purchase: Annotated[ShownPurchase | None, Field(description="Null until the systems were asked, a minute after it came.")]
    corrected: Annotated[ShownCorrection | None, Field(description="A person's word; it counts instead of the suggestion.")]
    follow_up: ShownFollowUp | None
    written: Annotated[Sequence[ShownWritten], Field(description="The systems it was passed on to.")]
