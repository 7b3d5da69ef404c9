"""What a ticket looks like from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tieline.domain.match_reasons import Language
from tieline.domain.refund_request import RefundKind, RefundState
from tieline.domain.ticket import TicketPriority, TicketStatus
from tieline.services.tickets.reading import LinkStanding

_shown = ConfigDict(frozen=True)


class ShownLink(BaseModel):
    """A copy in another system. `fault` says as a code why it does not get on, or what it waits for."""

    model_config = _shown

    connection: str
    external_id: str | None
    url: str | None
    state: LinkStanding
    fault: str | None
    synced_at: datetime | None


class ShownStand(BaseModel):
    """A value, who set it and when."""

    model_config = _shown

    value: str | None
    by: str
    at: datetime | None


class ShownConflict(BaseModel):
    """A field both sides changed; decided at `POST /v1/reviews/{review_id}/decide`."""

    model_config = _shown

    review_id: str | None = None
    ticket_id: str
    number: str
    connection: str
    field: str
    base: str | None
    ours: ShownStand
    theirs: ShownStand


class ShownComment(BaseModel):
    """One comment. `origin`: the system it was written in; null: here."""

    model_config = _shown

    id: str
    text: str
    author: str
    public: bool
    at: datetime
    origin: str | None


class ShownFile(BaseModel):
    """What is known of a file."""

    model_config = _shown

    id: str
    comment_id: str | None
    name: str
    media_type: str
    size_bytes: int
    url: str | None
    by: str
    at: datetime


class ShownEvent(BaseModel):
    """One line of the history; for a changed field its value before and after."""

    model_config = _shown

    at: datetime
    by: str
    kind: str
    field: str | None = None
    before: str | None = None
    after: str | None = None
    detail: str | None = None


class ShownTicket(BaseModel):
    """A ticket of ours, as the asker may see it."""

    model_config = _shown

    id: str
    number: Annotated[str, Field(description="What people say on the telephone.", examples=["T-1001"])]
    subject: str
    description: str | None
    status: TicketStatus
    priority: TicketPriority
    category: str | None
    assignee: str | None
    order_number: str | None
    tags: tuple[str, ...]
    source: str
    customer_ref: str | None
    phone: str | None
    call_id: str | None
    tier: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int
    escalation: int
    reopened: int
    responded_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    response_due_at: datetime | None
    due_at: Annotated[datetime | None, Field(description="Null while the promise's clock stands.")]


class ShownRefund(BaseModel):
    """How a request stands. `code` says why its order was not frozen."""

    model_config = _shown

    id: UUID
    kind: RefundKind
    connection: str
    order_number: str
    ticket_id: UUID
    state: RefundState
    code: str | None
    created_at: datetime
    updated_at: datetime


class TicketWithCopies(ShownTicket):
    """A ticket with its copies in other systems. `reused`: it was open already and goes on."""

    reused: bool | None = None
    status_by: Annotated[str, Field(description="Who set the status: a connection's name, where it was set there.")]
    sync: LinkStanding
    links: Sequence[ShownLink]
    conflicts: Sequence[ShownConflict]
    refund: Annotated[ShownRefund | None, Field(description="The refund or return it was opened for.")]


class WholeTicket(TicketWithCopies):
    """A ticket with everything about it."""

    comments: Sequence[ShownComment]
    attachments: Sequence[ShownFile]
    history: Sequence[ShownEvent]


class TicketsOnCard(BaseModel):
    """The tickets a screen pop shows, by number."""

    model_config = _shown

    items: Sequence[TicketWithCopies]


class TicketForm(BaseModel):
    """What a form for a new ticket offers. No categories: any word will do."""

    model_config = _shown

    categories: tuple[str, ...]
    systems: tuple[str, ...]


class ShownProgress(BaseModel):
    """How far a ticket is, safe to be read out to anybody who knows its number."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"examples": [{"number": "T-1001", "text": "您的工单 T-1001 正在处理。"}]}
    )

    number: str
    status: TicketStatus
    language: Language
    text: str
    waits_for_system: Annotated[bool, Field(description="A system that must know of it does not yet; the text says so.")]
    due_at: datetime | None
    updated_at: datetime
