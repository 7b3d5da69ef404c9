"""What may be sent about a ticket."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from tieline.api.lists import ListQuery
from tieline.domain.instants import Instant
from tieline.domain.match_reasons import Language
from tieline.domain.ticket import TicketPriority, TicketStatus
from tieline.services.tickets.changing import Ending
from tieline.services.tickets.fields import Subject, Tags, Text, Word

Ref = Annotated[str, Field(max_length=300, pattern=r"^[a-z][a-z0-9_]*:[^\x00-\x1f\x7f]+$", examples=["crm:C-100000"])]
E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{5,14}$", examples=["+8613800138000"])]
_NOT_IN_NAMES: Final = frozenset("/\\:")
_RUN_BY_BROWSERS: Final = frozenset(
    {"text/html", "image/svg+xml", "application/xhtml+xml", "application/javascript", "text/javascript"}
)


def _closed(*examples: Any) -> ConfigDict:  # noqa: ANN401 - JSON
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": list(examples)})


class FileNote(BaseModel):
    """What is known of a file; the file itself stays where it is (bad-input row B81)."""

    model_config = _closed({"name": "photo.jpg", "media_type": "image/jpeg", "size_bytes": 48211})

    name: Annotated[str, Field(min_length=1, max_length=200)]
    media_type: Annotated[str, Field(max_length=100, pattern=r"^[a-z]+/[a-z0-9.+-]+$")]
    size_bytes: Annotated[int, Field(ge=1, le=104_857_600)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    url: Annotated[str, Field(max_length=2000, pattern=r"^https://[^\s<>\"\\]+$")] | None = None

    @field_validator("name")
    @classmethod
    def _is_a_plain_name(cls, name: str) -> str:
        if name in {".", ".."} or any(character in _NOT_IN_NAMES or not character.isprintable() for character in name):
            raise PydanticCustomError("tieline_file_name", "a file's name holds no path and nothing invisible")
        return name

    @field_validator("media_type")
    @classmethod
    def _shows_no_page(cls, media_type: str) -> str:
        if media_type in _RUN_BY_BROWSERS:
            raise PydanticCustomError("tieline_file_type", "files that a browser would run are not taken")
        return media_type


Files = Annotated[tuple[FileNote, ...], Field(max_length=20)]


class NewTicket(BaseModel):
    """A ticket to open. Whoever calls again about what is open already goes on with that ticket, unless `other_matter`."""

    model_config = _closed(
        {"subject": "滤芯异响，要求换货", "call_id": "c-42", "priority": "high", "order_number": "SO-20261001"}
    )

    subject: Subject
    description: Text | None = None
    priority: TicketPriority = "normal"
    category: Word | None = None
    assignee: Word | None = None
    order_number: Word | None = None
    tags: Tags = ()
    source: Annotated[Literal["call", "agent", "feedback", "rule"], Field(description="What gave rise to it.")] = "agent"
    customer: Annotated[Ref | None, Field(description="Left out: whoever the call is with.")] = None
    phone: E164 | None = None
    call_id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = None
    other_matter: bool = False
    attachments: Files = ()


class TicketChange(BaseModel):
    """The fields to set; what is left out stays as it is."""

    model_config = _closed({"status": "in_progress", "priority": "urgent"})

    subject: Subject | None = None
    description: Text | None = None
    status: TicketStatus | None = None
    priority: TicketPriority | None = None
    category: Word | None = None
    assignee: Word | None = None
    order_number: Word | None = None
    tags: Tags | None = None
    due_at: Annotated[Instant | None, Field(description="Until when it is to be solved; null: as promised.")] = None

    @model_validator(mode="after")
    def _sets_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field")
        if any(getattr(self, name) is None for name in self.model_fields_set & {"subject", "status", "priority", "tags"}):
            raise ValueError("subject, status, priority and tags cannot be null")
        return self


class NewComment(BaseModel):
    """What to write into a ticket. `public`: the customer may read it."""

    model_config = _closed({"text": "已回访，客户满意。", "public": False})

    text: Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"^[^\x00]+$")]
    public: bool = False
    attachments: Files = ()


class EscalationWish(BaseModel):
    """To whom and how urgent, if you say; otherwise to a supervisor, one step up."""

    model_config = _closed({"reason": "客户要求主管回电"})

    to: Word | None = None
    priority: TicketPriority | None = None
    reason: Text | None = None


class Closing(BaseModel):
    """How it ends."""

    model_config = _closed({"ending": "resolved", "comment": "已换新"})

    ending: Ending = "closed"
    comment: Text | None = None


class Reopening(BaseModel):
    """Why it begins anew."""

    model_config = _closed({"comment": "换新后仍有异响"})

    comment: Text | None = None


class TicketQuery(ListQuery):
    """Which tickets."""

    customer: Annotated[str | None, Field(max_length=300, description="`connection:id`, or an E.164 number.")] = None
    status: TicketStatus | None = None
    assignee: Annotated[str | None, Field(max_length=64)] = None
    updated_since: Instant | None = None


class ProgressQuery(BaseModel):
    """In which language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: Language = "zh"
