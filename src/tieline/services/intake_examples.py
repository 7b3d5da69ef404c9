"""Replay what a vendor sent: admitted as the door admits it, kept as the inbox keeps it, read as the worker reads it."""

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import unquote_plus, urlencode

from pydantic_core import to_jsonable_python

from tieline.connectors.connection import VendorConnection
from tieline.connectors.inbound.request import Admission, InboundRequest, Reading
from tieline.connectors.manifest.problems import Problem
from tieline.connectors.recordings.example import IntakeExample, ReceivedReply

Fault = Callable[[str, str], Problem]
"""Names a fault by its text and the key of the example it is about."""
OUR_ADDRESS: Final = "https://tieline.example.com/v1/webhooks/example"
_DERIVED: Final = "dedupe_key"


def replay_intake(connection: VendorConnection, content: IntakeExample, fault: Fault) -> Iterator[Problem]:
    """Yield every way in which the example is not reproduced. Raises: VendorMisconfigured: there is no such intake."""
    request = received(content)
    admission = connection.admit(request, kind=content.intake)
    refused = connection.translate(request).refused if content.intake == "call" else admission.refused
    if refused != content.refused:
        yield fault(f"it is {f'refused: {refused}' if refused else 'not refused'}", "refused")
        return
    if admission.challenge != content.challenge:
        yield fault(f"it is {'taken for' if admission.challenge else 'not'} a question about our address", "challenge")
    yield from _reply_faults(admission, content, fault)
    if admission.kept is not None:
        yield from _shown_secrets(admission.kept, content, fault)
        yield from _reading_faults(connection.read(admission.kept, kind=content.intake), content, fault)
        if content.dedupe_key is not None and admission.dedupe_key != content.dedupe_key:
            yield fault(f"a repetition is known by {admission.dedupe_key!r}", "dedupe_key")


def received(content: IntakeExample) -> InboundRequest:
    """Return the example's request as the door would hand it over."""
    request = content.request
    query = request.query if isinstance(request.query, str) else urlencode(request.query)
    tail = f"/{request.path_tail}" if request.path_tail else ""
    return InboundRequest(
        method=request.method,
        headers={name.lower(): value for name, value in request.headers.items()},
        query=query,
        content_type=request.content_type,
        body=request.raw_body,
        path_tail=request.path_tail,
        url=request.url or f"{OUR_ADDRESS}{tail}{f'?{query}' if query else ''}",
        peer=request.peer,
    )


def _reply_faults(admission: Admission, content: IntakeExample, fault: Fault) -> Iterator[Problem]:
    reply = admission.reply
    if content.reply is not None:
        told = ReceivedReply(
            status=reply.status,
            content_type=reply.content_type,
            body=reply.body.decode(errors="replace"),
            headers=dict(reply.headers),
        )
        for key in sorted(content.reply.model_fields_set):
            if getattr(told, key) != getattr(content.reply, key):
                yield fault(f"the reply's {key} is {getattr(told, key)!r}", "reply")
    elif not content.refused and reply.status != content.reply_status:
        yield fault(f"the reply's status is {reply.status}", "reply_status")


def _shown_secrets(kept: InboundRequest, content: IntakeExample, fault: Fault) -> Iterator[Problem]:
    """What is written down with a request, beside its body, must not let anybody else send the next one."""
    shown = "\n".join((*kept.headers.values(), unquote_plus(kept.query), kept.path_tail, kept.url))
    for name, value in content.secrets.items():
        if value and value in shown:
            yield fault(f"the secret {name} is kept with the request; prove it with a kind that takes it out", "request")


def _reading_faults(reading: Reading, content: IntakeExample, fault: Fault) -> Iterator[Problem]:
    events = [shown_event(event, content) for event in reading.events]
    if events != [shown_event(event, content) for event in content.events]:
        yield fault(f"the events are {events!r}{f' ({reading.faults[0]})' if reading.faults else ''}", "events")
    if content.faults is not None and list(reading.faults) != list(content.faults):
        yield fault(f"what is of no use is {list(reading.faults)!r}", "faults")
    if content.skipped is not None and reading.skipped != content.skipped:
        yield fault(f"{reading.skipped} events are passed over", "skipped")


def shown_event(event: Any, content: IntakeExample) -> dict[str, Any]:  # noqa: ANN401 - a canonical event
    """Return an event as an example writes it: the derived key only where the example names one."""
    named = any(_DERIVED in written for written in content.events)
    shown: dict[str, Any] = to_jsonable_python(dict(event))
    return shown if named else {name: value for name, value in shown.items() if name != _DERIVED}
