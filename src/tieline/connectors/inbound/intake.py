"""One intake of one connection, compiled once: the door admits a request, the worker reads it, and neither needs the other.

Nothing is stored or decided here. What is authentic but cannot be understood is no error: it is told as a fault of the reading,
so that the service can keep the raw bytes and ask a person instead of starting a storm of repetitions (behaviour B52, B54).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tieline.connectors.answers.read import Unreadable
from tieline.connectors.inbound import soap
from tieline.connectors.inbound.call_rows import compile_call_row
from tieline.connectors.inbound.challenges import Question
from tieline.connectors.inbound.doubtful import Doubts
from tieline.connectors.inbound.event_rows import compile_event_row
from tieline.connectors.inbound.keeping import Keeper
from tieline.connectors.inbound.letter import Letter, Opening
from tieline.connectors.inbound.replies import compile_reply
from tieline.connectors.inbound.request import Admission, Inbound, InboundRequest, Reading, Refusal, Reply
from tieline.connectors.inbound.rows import Row, RowReader
from tieline.connectors.inbound.sealing import Entropy, SealBroken, compile_seal
from tieline.connectors.inbound.unpacking import compile_unpacking
from tieline.connectors.inbound.verifier import wanted_roots
from tieline.connectors.inbound.verify import compile_verifier
from tieline.connectors.language.paths import compile_path
from tieline.connectors.manifest.inbound import CallIntake, EventIntake
from tieline.connectors.manifest.inbound_rows import row_paths

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
    "xml_schema": 400,
    "id_invalid": 400,
}
NO_LONGER_OPENED: Final = "the contents can no longer be opened; was the key changed?"


class Intake:
    """Admits and reads what one connection is sent."""

    def __init__(self, declared: CallIntake | EventIntake, config: Mapping[str, Any], entropy: Entropy) -> None:
        """Compile for settled configuration. Raises: VendorMisconfigured: a secret is empty, or a zone unknown."""
        seal = compile_seal(declared.sealed, config, entropy)
        self._opening = Opening(
            accept=declared.accept,
            charset=declared.charset or "",
            plus_is_space=declared.plus == "space",
            seal=seal,
            sealed_at=compile_path(declared.sealed.at) if declared.sealed else None,
            contents=declared.sealed.contents if declared.sealed else "auto",
            unpack=compile_unpacking(declared.unpack),
        )
        self._verify = compile_verifier(declared.verify, config)
        self._questions = [Question(each, config, usual=self._verify, seal=seal) for each in declared.challenges]
        self._keeper = Keeper(declared)
        self._rows = RowReader(_compiled(declared, config), split=compile_path(declared.split) if declared.split else None)
        paths = [declared.split, *(path for row in declared.events for path in row_paths(row))]
        self._wanted = wanted_roots(*paths)
        self._doubts = Doubts(path for path in paths if path)
        self._reply = compile_reply(declared.reply, config, seal)

    def admit(self, request: InboundRequest, *, now: datetime) -> Admission:
        """Verify one request over its raw bytes and say what its sender is told. Never raises for what was sent."""
        return self._admit(Letter(request, self._opening), now)

    def _admit(self, letter: Letter, now: datetime) -> Admission:
        request = letter.request
        try:
            question = next((question for question in self._questions if question.is_asked_by(letter)), None)
            if question is not None:
                answer = question.answer(letter, now)
                return _refusal(answer) if isinstance(answer, str) else Admission(answer, challenge=True)
            refused = self._refused(letter, now)
        except Unreadable as exc:
            refused = exc.code
        except SealBroken:
            refused = "signature_invalid"
        if refused == "xml_schema":
            return Admission(soap.fault(request.content_type), refused)
        if refused:
            return _refusal(refused)
        return Admission(self._reply(letter, {}), kept=self._keeper.kept(request), dedupe_key=self._keeper.dedupe_key(letter))

    def read(self, request: InboundRequest) -> Reading:
        """Say what a request means that was admitted before, now or from the store. Never raises for what was sent."""
        letter = Letter(request, self._opening)
        try:
            reading = self._rows.read(letter.roots(self._wanted))
        except Unreadable as exc:
            return Reading(faults=(str(exc),))
        except SealBroken:
            return Reading(faults=(NO_LONGER_OPENED,))
        doubt = self._doubts.about(request.body) if letter.kind == "json" else None
        return Reading(faults=(doubt,)) if doubt else reading

    def translate(self, request: InboundRequest, *, now: datetime) -> Inbound:
        """Admit and read at once; a body that cannot be read is refused."""
        letter = Letter(request, self._opening)
        admission = self._admit(letter, now)
        if admission.refused or admission.challenge:
            return Inbound((), admission.reply, admission.refused, challenge=admission.challenge)
        try:
            reading = self._rows.read(letter.roots(self._wanted))
        except Unreadable as exc:
            return Inbound((), Reply(_STATUS[exc.code]), exc.code)
        ignored = reading.faults[0] if reading.faults else ""
        return Inbound(reading.events, admission.reply, ignored=ignored, kept=admission.kept)

    def _refused(self, letter: Letter, now: datetime) -> Refusal | None:
        """The proof comes first: who proves nothing learns nothing."""
        if letter.request.method != "POST" and not (letter.request.method == "GET" and "query" in self._opening.accept):
            return "method_not_allowed"
        refused = self._verify(letter, now)
        if refused:
            return refused
        if letter.request.method == "POST" and letter.kind is None:
            return "unsupported_media_type"
        if self._opening.seal is not None:
            _ = letter.body
        if "soap" in self._opening.accept and letter.kind == "xml" and not soap.is_message(letter.envelope):
            return "xml_schema"
        return None


def _refusal(refused: Refusal) -> Admission:
    return Admission(Reply(_STATUS[refused]), refused)


def _compiled(declared: CallIntake | EventIntake, config: Mapping[str, Any]) -> Sequence[Row]:
    if isinstance(declared, CallIntake):
        return [compile_call_row(row, config) for row in declared.events]
    return [compile_event_row(row, config) for row in declared.events]
