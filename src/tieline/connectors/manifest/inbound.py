"""How a manifest says what a vendor sends us: what is accepted, what proves it, which event it means, what is answered."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tieline.connectors.language.conditions import paths_in
from tieline.connectors.language.paths import parse
from tieline.connectors.manifest.inbound_plan import Poll, Subscription
from tieline.connectors.manifest.inbound_proof import Verify, one_or_several, proof_paths
from tieline.connectors.manifest.inbound_reply import Challenge, Reply, Sealing
from tieline.connectors.manifest.inbound_rows import CallRow, EventRow
from tieline.connectors.manifest.inbound_sources import RequestPath
from tieline.connectors.manifest.part import Part

Accepted = Literal["json", "form", "xml", "soap", "query"]
Unpacking = Literal["json", "base64", "form", "percent"]


def body_path(text: str) -> str:
    """Accept a path into the body. Raises: ValueError: another root."""
    if parse(text)[0] != "body":
        message = f"{text[:80]!r} must start with body"
        raise ValueError(message)
    return text


BodyPath = Annotated[str, AfterValidator(body_path)]


class Unpack(Part):
    """A value that holds another document as text, opened in place: `{at: body.cdr, as: [base64, json]}`.

    `percent` undoes percent-encoding in every text at or below the place.
    """

    at: BodyPath
    as_: Annotated[tuple[Unpacking, ...], BeforeValidator(one_or_several), Field(alias="as", min_length=1, max_length=4)]


class Intake(Part):
    """One kind of thing a vendor sends.

    `accept: query` takes a GET with everything in its address. `charset` is for senders that do not declare theirs; `plus:
    literal` for those that leave a + of base64 as it is. `split` is where a batch lies, read entry by entry as `entry`.
    `dedupe` lists what only a repetition of the whole request shares (a delivery's id).
    """

    accept: Annotated[tuple[Accepted, ...], Field(min_length=1)] = ("json",)
    charset: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,20}$")] | None = None
    plus: Literal["space", "literal"] = "space"
    verify: Verify
    sealed: Sealing | None = None
    challenges: Annotated[tuple[Challenge, ...], Field(max_length=4)] = ()
    unpack: tuple[Unpack, ...] = ()
    split: RequestPath | None = None
    dedupe: tuple[RequestPath, ...] = ()
    reply: Reply = Reply()

    @model_validator(mode="after")
    def _sealed_coherently(self) -> Self:
        replies = (self.reply, *(challenge.reply for challenge in self.challenges))
        if self.sealed is None:
            if any(reply.seal is not None for reply in replies) or any(challenge.open for challenge in self.challenges):
                raise ValueError("seal and open need sealed:, which says how")
            return self
        if parse(self.sealed.at)[0] == "body":
            raise ValueError("write sealed.at as envelope.…: body is what is inside")
        if any(parse(path)[0] == "body" for path in self._read_before_the_proof()):
            raise ValueError(
                "verify and challenges read envelope.… where contents are sealed: they are opened only after the proof"
            )
        return self

    def _read_before_the_proof(self) -> Iterator[str]:
        yield from proof_paths(self.verify)
        for challenge in self.challenges:
            yield from proof_paths(challenge.verify or ())
            yield from paths_in(challenge.when)
            yield from (challenge.open,) if challenge.open else ()


class CallIntake(Intake):
    """Call events as this vendor sends them."""

    events: Annotated[tuple[CallRow, ...], Field(min_length=1)]


class EventIntake(Intake):
    """Events about records: tickets, customers, orders, messages."""

    events: Annotated[tuple[EventRow, ...], Field(min_length=1)]


class Bodies(Part):
    """How much one connection may send at once. No more than the house takes of anybody (`TIELINE_BODY_LIMIT_BYTES`) is read.

    `at_once` is at most half of what a process works on at a time (`api/threshold.py`): a flood leaves the other half to others.
    """

    most_bytes: Annotated[int, Field(ge=1024, le=67_108_864, description="Largest body read.")] | None = None
    at_once: Annotated[int, Field(ge=1, le=128, description="Bodies read at the same time, by each process.")] = 128


class Inbound(Part):
    """Everything the vendor may send us: calls to `/v1/cti/CONNECTION`, all else to `/v1/webhooks/CONNECTION`.

    `bodies` bounds what is read before any of it is proven. `poll` asks for what no webhook tells; `subscription` keeps a webhook
    subscribed.
    """

    call: CallIntake | None = None
    event: EventIntake | None = None
    bodies: Bodies = Bodies()
    poll: tuple[Poll, ...] = ()
    subscription: Subscription | None = None

    @property
    def kinds(self) -> tuple[Literal["call", "event"], ...]:
        """What it may send."""
        kinds: tuple[Literal["call", "event"], ...] = ("call", "event")
        return tuple(kind for kind in kinds if getattr(self, kind) is not None)
