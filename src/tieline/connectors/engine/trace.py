"""What `connector try` shows: each stage of one run, with the secrets taken out before anything is kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tieline.connectors.answers.outcome import Verdict
from tieline.connectors.auth.entry import Step
from tieline.connectors.contract import Record, Result
from tieline.connectors.engine.redaction import MASK, Redactor
from tieline.connectors.wire.messages import Incoming, Outgoing, Wire
from tieline.kit.deadline import Deadline

StageName = Literal["step", "sign_in", "signing", "request", "response", "outcome", "records", "mapped", "result", "error"]
LONGEST_BODY: Final = 20_000


@dataclass(frozen=True, slots=True)
class Stage:
    """One step and what was seen there; texts are redacted."""

    name: StageName
    facts: Mapping[str, Any]


@dataclass(slots=True)
class Trace:
    """Collects stages. `redactor` is asked for each time, because a token may have been fetched meanwhile.

    It is told what this run has `hidden` besides: signatures, which no configuration holds.
    """

    redactor: Callable[[Iterable[str]], Redactor]
    stages: list[Stage] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set, repr=False)

    def signing_in_over(self, wire: Wire) -> Wire:
        """Return the wire by which credentials are fetched, with each of its exchanges told."""
        return _SignIn(wire, self)

    def sign_in(self, outgoing: Outgoing, incoming: Incoming) -> None:
        """Keep that credentials were asked for; what was sent and what came back is secret as a whole."""
        self._add(
            "sign_in",
            method=outgoing.method,
            url=self.redactor(self.hidden).text(outgoing.url.partition("?")[0]),
            status=incoming.status,
        )

    def signing(self, steps: Sequence[Step]) -> None:
        """Keep how the request was signed, step by step, but for what may not be shown."""
        self.hidden.update(step.text for step in steps if step.hidden)
        redact = self.redactor(self.hidden)
        shown = {step.name: MASK if step.hidden else redact.text(step.text)[:LONGEST_BODY] for step in steps if step.told}
        if shown:
            self.stages.append(Stage("signing", shown))

    def step(self, operation: str) -> None:
        """Keep which step of a plan begins."""
        self._add("step", operation=operation)

    def request(self, outgoing: Outgoing) -> None:
        """Keep what goes out."""
        redact = self.redactor(self.hidden)
        body = (outgoing.body or b"").decode(errors="replace")
        self._add(
            "request",
            method=outgoing.method,
            url=redact.text(outgoing.url),
            headers=redact.headers(outgoing.headers),
            body=redact.text(body)[:LONGEST_BODY],
        )

    def response(self, incoming: Incoming) -> None:
        """Keep what came back."""
        redact = self.redactor(self.hidden)
        body = incoming.body.decode(errors="replace")
        self._add(
            "response",
            status=incoming.status,
            headers=redact.headers(incoming.headers),
            body=redact.text(body)[:LONGEST_BODY],
            bytes=len(incoming.body),
        )

    def outcome(self, verdict: Verdict) -> None:
        """Keep what the answer was taken to mean, and by which row."""
        message = self.redactor(self.hidden).text(verdict.message)
        self._add("outcome", outcome=verdict.outcome, row=verdict.row, wait_s=verdict.wait_s, message=message)

    def records(self, records: Sequence[Record]) -> None:
        """Keep the records found."""
        self._add("records", count=len(records), records=self.redactor(self.hidden).tree(records))

    def result(self, result: Result) -> None:
        """Keep what the caller gets."""
        self._add(
            "result",
            outcome=result.outcome,
            records=len(result.records),
            pages=result.pages,
            truncated=result.truncated,
            attempts=result.attempts,
            external_id=result.external_id,
            external_url=result.external_url,
            took_ms=result.took_ms,
        )

    def error(self, code: str, detail: str, hint: str = "") -> None:
        """Keep how it failed."""
        self._add("error", code=code, detail=self.redactor(self.hidden).text(detail), hint=hint)

    def _add(self, name: StageName, **facts: Any) -> None:  # noqa: ANN401 - each stage has its own facts
        self.stages.append(Stage(name, facts))


class _SignIn:
    """Carries over another wire and tells of it."""

    def __init__(self, wire: Wire, trace: Trace) -> None:
        self._wire = wire
        self._trace = trace

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:
        """Send as the other wire does."""
        incoming = await self._wire.send(outgoing, deadline=deadline)
        self._trace.sign_in(outgoing, incoming)
        return incoming

    async def aclose(self) -> None:
        """Leave the other wire open."""
