"""One intake of one connection, compiled once: the door admits a request, the worker reads it, and neither needs the other.

Nothing is stored or decided here. What is authentic but cannot be understood is no error: it is told as a fault of the reading,
so that the service can keep the raw bytes and ask a person instead of starting a storm of repetitions (behaviour B52, B54).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from tieline.connectors.answers.read import Unreadable
from tieline.connectors.inbound.call_rows import compile_call_row
from tieline.connectors.inbound.event_rows import compile_event_row
from tieline.connectors.inbound.letter import Letter, body_kind
from tieline.connectors.inbound.replies import compile_reply
from tieline.connectors.inbound.request import Admission, Inbound, InboundRequest, Reading, Refusal, Reply
from tieline.connectors.inbound.rows import Row, RowReader
from tieline.connectors.inbound.verify import compile_verifier
from tieline.connectors.language.conditions import canonical
from tieline.connectors.language.paths import compile_path
from tieline.connectors.manifest.inbound import CallIntake, EventIntake
from tieline.connectors.manifest.inbound_rows import NOTHING
from tieline.connectors.manifest.inbound_sources import paths_of

_STATUS: Final[Mapping[Refusal, int]] = {
    "signature_missing": 401,
    "signature_invalid": 401,
    "timestamp_stale": 401,
    "timestamp_invalid": 401,
    "method_not_allowed": 405,
    "unsupported_media_type": 415,
    "body_malformed": 400,
    "xml_dtd_forbidden": 400,
    "xml_limits": 400,
    "id_invalid": 400,
}
_SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
LONGEST_KEY: Final = 200


class Intake:
    """Admits and reads what one connection is sent."""

    def __init__(self, declared: CallIntake | EventIntake, config: Mapping[str, Any]) -> None:
        """Compile for settled configuration. Raises: VendorMisconfigured: a secret is empty, or a zone unknown."""
        self._accept = declared.accept
        self._verify = compile_verifier(declared.verify, config)
        self._secret_headers = (
            _SECRET_HEADERS | {declared.verify.header.lower()} if declared.verify.kind == "static_header" else _SECRET_HEADERS
        )
        self._dedupe = [compile_path(path) for path in declared.dedupe]
        self._tells_versions = isinstance(declared, EventIntake) and all(
            row.emit == NOTHING or paths_of(row.version) or paths_of(row.occurred_at) for row in declared.events
        )
        self._rows = RowReader(_compiled(declared, config), split=compile_path(declared.split) if declared.split else None)
        self._reply = compile_reply(declared.reply, config)

    def admit(self, request: InboundRequest, *, now: datetime) -> Admission:
        """Verify one request over its raw bytes and say what its sender is told. Never raises for what was sent."""
        letter = self._letter(request)
        refused = self._verify(letter, now) or self._unfit(request)
        if refused:
            return Admission(Reply(_STATUS[refused]), refused)
        return Admission(self._reply(), kept=self._kept(request), dedupe_key=self._delivery(letter))

    def read(self, request: InboundRequest) -> Reading:
        """Say what a request means that was admitted before, now or from the store. Never raises for what was sent."""
        try:
            return self._rows.read(self._letter(request).roots())
        except Unreadable as exc:
            return Reading(faults=(str(exc),))

    def translate(self, request: InboundRequest, *, now: datetime) -> Inbound:
        """Admit and read at once; a body that cannot be read is refused."""
        admission = self.admit(request, now=now)
        if admission.refused or admission.challenge:
            return Inbound((), admission.reply, admission.refused, challenge=admission.challenge)
        letter = self._letter(request)
        try:
            reading = self._rows.read(letter.roots())
        except Unreadable:
            return Inbound((), Reply(_STATUS["body_malformed"]), "body_malformed")
        ignored = reading.faults[0] if reading.faults else ""
        return Inbound(reading.events, admission.reply, ignored=ignored, kept=admission.kept)

    def _letter(self, request: InboundRequest) -> Letter:
        return Letter(request, kind=body_kind(request, self._accept) or "auto")

    def _unfit(self, request: InboundRequest) -> Refusal | None:
        return None if body_kind(request, self._accept) else "unsupported_media_type"

    def _kept(self, request: InboundRequest) -> InboundRequest:
        headers = {name: value for name, value in request.headers.items() if name not in self._secret_headers}
        return replace(request, headers=headers, path_tail="", url="")

    def _delivery(self, letter: Letter) -> str | None:
        """Return the delivery's id; without one a digest, if every event says how new it is: then two alike mean the same."""
        if self._dedupe:
            try:
                words = [canonical(read(letter.roots())) or "" for read in self._dedupe]
            except Unreadable:
                return letter.request.digest()
            if any(word not in {"", "null"} for word in words):
                return "\x1f".join(words)[:LONGEST_KEY]
        return letter.request.digest() if self._tells_versions else None


def _compiled(declared: CallIntake | EventIntake, config: Mapping[str, Any]) -> Sequence[Row]:
    if isinstance(declared, CallIntake):
        return [compile_call_row(row, config) for row in declared.events]
    return [compile_event_row(row, config) for row in declared.events]
