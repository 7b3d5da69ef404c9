"""What a PBX sends us, in its own words: verified, read, and turned into canonical call events.

Nothing is stored or decided here. What is authentic but cannot be understood is no error: it is told apart as `ignored`, so that
the service can keep the raw bytes and ask a person instead of starting a storm of repetitions (behaviour B52).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

from pydantic import ValidationError

from tieline.connectors.answers.read import Unreadable, parse_body
from tieline.connectors.inbound.fields import compile_source
from tieline.connectors.inbound.verify import InboundRequest, Refusal, compile_verifier
from tieline.connectors.language.conditions import compile_conditions
from tieline.connectors.language.paths import Read, compile_path
from tieline.connectors.language.templates import as_text, compile_tree, json_bytes
from tieline.connectors.manifest.inbound import CallIntake, EventRow
from tieline.connectors.manifest.part import AnswerKind
from tieline.domain.call import CallEvent

Turned = Refusal | Literal["body_malformed", "unsupported_media_type"]
_NUMBERS: Final = frozenset({"talk_s", "wait_s"})
MOST_EVENTS: Final = 100
_SOME_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sender is told."""

    status: int
    content_type: str = "application/json"
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Inbound:
    """What arrived means. `events` have the keys of `CallEvent`; `at` is None when the sender named no time.

    `refused`: nothing may be accepted, and why. `ignored`: authentic, but nothing we know, and why.
    """

    events: tuple[dict[str, Any], ...]
    reply: Reply
    refused: Turned | None = None
    ignored: str = ""


class _Event(NamedTuple):
    """One row of the manifest, compiled."""

    holds: Callable[[Mapping[str, Any]], bool]
    emit: str
    each: Read | None
    fields: Mapping[str, Read]
    data: Mapping[str, Read]


class CallTranslator:
    """The call intake of one connection, compiled once."""

    def __init__(self, intake: CallIntake, config: Mapping[str, Any]) -> None:
        """Compile for settled configuration. Raises: VendorMisconfigured: a secret is empty, or a zone unknown."""
        self._accept = intake.accept
        self._verify = compile_verifier(intake.verify, config)
        self._events = [_compile_event(row, config) for row in intake.events]
        self._reply = _compile_reply(intake, config)

    def translate(self, request: InboundRequest) -> Inbound:
        """Verify and read one request. Never raises for what was sent."""
        refused = self._verify(request)
        if refused:
            return Inbound((), Reply(401), refused)
        kind = _kind(request.content_type)
        if kind not in self._accept:
            return Inbound((), Reply(415), "unsupported_media_type")
        try:
            body = parse_body(request.body, content_type=request.content_type, kind=kind)
        except Unreadable:
            return Inbound((), Reply(400), "body_malformed")
        return self._understood({"body": body, "query": request.query, "header": request.headers})

    def _understood(self, roots: Mapping[str, Any]) -> Inbound:
        event = next((event for event in self._events if event.holds(roots)), None)
        if event is None:
            return Inbound((), self._reply, ignored="no row of the manifest speaks of this event")
        judged = [(fields, _fault(fields)) for fields in (_fields(event, item_roots) for item_roots in _items(event, roots))]
        faults = [fault for _, fault in judged if fault]
        sound = tuple(fields for fields, fault in judged if not fault)
        return Inbound(sound, self._reply, ignored=faults[0] if faults else "")


def _kind(content_type: str) -> AnswerKind:
    """Name the body by its declared type; a sender that declares none is taken to mean JSON."""
    mime = content_type.partition(";")[0].strip().lower()
    if mime == "application/x-www-form-urlencoded":
        return "form"
    return "json" if not mime or mime.endswith(("json", "text/plain")) else "auto"


def _compile_event(row: EventRow, config: Mapping[str, Any]) -> _Event:
    return _Event(
        holds=compile_conditions(row.when) if row.when else lambda _roots: True,
        emit=row.emit,
        each=compile_path(row.each) if row.each else None,
        fields={name: compile_source(source, config) for name, source in row.fields.items()},
        data={name: compile_source(source, config) for name, source in row.data.items()},
    )


def _compile_reply(intake: CallIntake, config: Mapping[str, Any]) -> Reply:
    if intake.reply.text is not None:
        return Reply(intake.reply.status, "text/plain; charset=utf-8", intake.reply.text.encode())
    body = compile_tree(intake.reply.json_, config).render({})
    return Reply(intake.reply.status, body=b"" if body is None else json_bytes(body))


def _items(event: _Event, roots: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the roots once for every item; a lone value counts as one, none at all as one without an item."""
    found = event.each(roots) if event.each else None
    items = found if isinstance(found, list) and found else [found]
    for item in items[:MOST_EVENTS]:
        yield {**roots, "item": item}


def _fields(event: _Event, roots: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {"type": event.emit, "at": None}
    for name, read in event.fields.items():
        value = _plain(name, read(roots))
        if value is not None:
            fields[name] = value
    carried = {name: read(roots) for name, read in event.data.items()}
    data = {name: value for name, value in carried.items() if isinstance(value, str | int | float | bool)}
    return {**fields, "data": data} if data else fields


def _plain(name: str, value: object) -> Any:  # noqa: ANN401 - text, a number or a time
    """Keep text as text, write numbers as text where text is wanted, and drop what is empty or no scalar."""
    if isinstance(value, datetime) or value is None:
        return value
    if not isinstance(value, str | int | float):
        return None
    if name in _NUMBERS:
        return _seconds(value)
    return as_text(value).strip() or None


def _seconds(value: str | float) -> int | None:
    try:
        return max(0, round(float(value)))
    except (ValueError, OverflowError):
        return None


def _fault(fields: Mapping[str, Any]) -> str:
    """Say which field no call event can have; the value itself is not repeated."""
    try:
        CallEvent.model_validate({**fields, "at": fields["at"] or _SOME_TIME})
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['type']}"
    return ""
