"""How a manifest says what an exchange tells over a connection that we hold open: where to dial, what to ask for, what it means.

What is read and remembered stands in each message beside its own fields, so that rows and conditions reach it by a path:
`body.read.NAME` is drawn from this message, `body.call.NAME` is what earlier messages of the same call told.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tieline.connectors.manifest.inbound import Inbound
from tieline.connectors.manifest.inbound_rows import CallRow
from tieline.connectors.manifest.inbound_sources import FieldSource, RequestConditions, RequestPath
from tieline.connectors.manifest.part import Part, Template, Word

StreamKind = Literal["ami", "ari", "esl"]
EventName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_:-]{0,60}$")]
HeaderText = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
OWN_FACTS = frozenset({"id", "linked", "new", "first"})


class Remembered(Part):
    """What a message tells of its call that later messages do not repeat. `once`: the first word on it stands."""

    when: RequestConditions = Field(default_factory=dict)
    facts: Annotated[dict[Word, FieldSource], Field(min_length=1)]
    once: bool = False

    @model_validator(mode="after")
    def _own_facts(self) -> Self:
        if taken := sorted(OWN_FACTS & self.facts.keys()):
            message = f"{taken[0]!r} is set by the engine; choose another name"
            raise ValueError(message)
        return self


class Telling(Part):
    """What every stream declares.

    `call` are the paths that may name the call a message is about, `legs` those that name its telephones: a telephone known to
    belong to a call keeps to it, which `body.call.id` then is; `body.call.linked` is another call the message says it is part of,
    `body.call.new` is true in the first message heard of a call, `body.call.first` in those about the telephone it is named for.
    `fields` are those of every event whose row does not give its own.
    """

    call: tuple[RequestPath, ...] = ()
    legs: Annotated[tuple[RequestPath, ...], Field(min_length=1)]
    read: dict[Word, FieldSource] = Field(default_factory=dict)
    remember: tuple[Remembered, ...] = ()
    fields: dict[str, FieldSource] = Field(default_factory=dict)
    events: Annotated[tuple[CallRow, ...], Field(min_length=1)]


class AmiStream(Telling):
    """Asterisk's manager interface over TCP.

    `subscribe` names the events wanted; with header values, only those that carry them. `snapshot` are the actions that list
    what goes on now.
    """

    host: Template
    port: Template
    tls: Template = "false"
    username: Template
    secret: Template
    login: Template = "md5"
    subscribe: Annotated[dict[EventName, dict[HeaderText, HeaderText]], Field(min_length=1)]
    snapshot: tuple[EventName, ...] = ("CoreShowChannels",)


class AriStream(Telling):
    """Asterisk's REST interface: events over a WebSocket, for the application `app`."""

    base_url: Template
    username: Template
    password: Template
    app: Template
    subscribe: Annotated[tuple[EventName, ...], Field(min_length=1)]


class EslStream(Telling):
    """FreeSWITCH's event socket over TCP. `snapshot` are commands whose answer is JSON with `rows`."""

    host: Template
    port: Template
    tls: Template = "false"
    password: Template
    subscribe: Annotated[tuple[EventName, ...], Field(min_length=1)]
    snapshot: tuple[Annotated[str, Field(pattern=r"^[a-z_]+(?: [a-z_]+)*$")], ...] = ("show channels as json",)


class StreamIntake(Part):
    """One of several ways to listen; `use` says which, when more than one is declared."""

    use: Template | None = None
    ami: AmiStream | None = None
    ari: AriStream | None = None
    esl: EslStream | None = None

    @property
    def kinds(self) -> dict[str, AmiStream | AriStream | EslStream]:
        """The declared ways, by kind."""
        declared = {"ami": self.ami, "ari": self.ari, "esl": self.esl}
        return {kind: stream for kind, stream in declared.items() if stream is not None}

    @model_validator(mode="after")
    def _decided(self) -> Self:
        if not self.kinds:
            raise ValueError("declare at least one of ami, ari and esl")
        if (self.use is None) != (len(self.kinds) == 1):
            raise ValueError("use: says which of several streams is listened to, and is left out when there is only one")
        return self


class Arrivals(Inbound):
    """Everything that arrives: what the vendor sends us, and what we hear by listening to it."""

    stream: StreamIntake | None = None
