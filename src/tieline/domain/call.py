"""The canonical call event: what any PBX tells us, in one shape."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tieline.domain.instants import Instant

CallEventType = Literal["queued", "ringing", "answered", "held", "resumed", "transferred", "conferenced", "ended"]
Direction = Literal["inbound", "outbound", "internal"]
CallOutcome = Literal[
    "served",
    "missed_agent",
    "abandoned_queue",
    "abandoned_short",
    "ivr_done",
    "voicemail",
    "rejected",
    "forwarded",
    "failed",
    "unknown_lost_hangup",
]
Identifier = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
NumberText = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]


class CallEvent(BaseModel):
    """One event of one call. `from` and `to` are as the PBX wrote them; normalisation comes later.

    `linked_call_id` names the call this one belongs to when a PBX gives each leg its own id (origCallId, Linkedid).
    `extension` is the telephone that rings or talks, for a PBX that does not know our agents. `target` is whom a transfer or a
    conference brings in: an agent, an extension or a number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    event_id: Identifier | None = None
    call_id: Identifier
    leg_id: Identifier | None = None
    linked_call_id: Identifier | None = None
    type: CallEventType
    direction: Direction = "inbound"
    from_: NumberText = Field(default="", alias="from")
    to: NumberText = ""
    agent: Identifier | None = None
    extension: Identifier | None = None
    queue: Identifier | None = None
    at: Instant
    outcome: CallOutcome | None = None
    talk_s: Annotated[int, Field(ge=0, le=604_800)] | None = None
    wait_s: Annotated[int, Field(ge=0, le=604_800)] | None = None
    recording_ref: Annotated[str, Field(max_length=500)] | None = None
    hangup_cause: Annotated[str, Field(max_length=100)] | None = None
    target: NumberText | None = None
    data: dict[str, str | int | float | bool | None] = Field(default_factory=dict, max_length=50)


class EventReceipt(BaseModel):
    """What the PBX is told at once."""

    model_config = ConfigDict(frozen=True)

    call_id: str
    accepted: bool
    duplicate: bool
