"""How a manifest says what a vendor sends us: what is accepted, what proves it, which event it means, what is answered."""

from typing import Annotated, Any, Literal

from pydantic import Field

from tieline.connectors.manifest.inbound_proof import Verify
from tieline.connectors.manifest.inbound_rows import CallRow, EventRow
from tieline.connectors.manifest.inbound_sources import RequestPath
from tieline.connectors.manifest.part import Part

Accepted = Literal["json", "form"]


class Reply(Part):
    """What the sender is told once the event is stored."""

    status: Annotated[int, Field(ge=200, le=299)] = 202
    json_: Annotated[Any, Field(alias="json")] = None
    text: str | None = None


class Intake(Part):
    """One kind of thing a vendor sends. `split` is where a batch lies, read entry by entry as `entry`.

    `dedupe` lists what only a repetition of the whole request shares (a delivery's id).
    """

    accept: Annotated[tuple[Accepted, ...], Field(min_length=1)] = ("json",)
    verify: Verify
    split: RequestPath | None = None
    dedupe: tuple[RequestPath, ...] = ()
    reply: Reply = Reply()


class CallIntake(Intake):
    """Call events as this vendor sends them."""

    events: Annotated[tuple[CallRow, ...], Field(min_length=1)]


class EventIntake(Intake):
    """Events about records: tickets, customers, orders, messages."""

    events: Annotated[tuple[EventRow, ...], Field(min_length=1)]


class Inbound(Part):
    """Everything the vendor may send us: calls to `/v1/cti/CONNECTION`, all else to `/v1/webhooks/CONNECTION`."""

    call: CallIntake | None = None
    event: EventIntake | None = None

    @property
    def kinds(self) -> tuple[Literal["call", "event"], ...]:
        """What it may send."""
        return tuple(kind for kind in ("call", "event") if getattr(self, kind) is not None)
