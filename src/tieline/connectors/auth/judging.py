"""What the answer to a sign-in means: the manifest's own rows first, then the usual meaning; anything but yes is an error."""

from collections.abc import Mapping, Sequence
from typing import Final

from tieline.connectors.answers.outcome import OutcomeTable
from tieline.connectors.contract import Outcome
from tieline.connectors.manifest.answers import OutcomeRow
from tieline.connectors.wire.messages import Answer
from tieline.domain.errors import ConnectorError, VendorBadAnswer, VendorMisconfigured, VendorThrottled, VendorUnavailable
from tieline.kit.clock import Clock

_SUCCESS: Final[frozenset[Outcome]] = frozenset({"ok", "partial"})
_ERRORS: Final[Mapping[Outcome, type[ConnectorError]]] = {
    "throttled": VendorThrottled,
    "transient": VendorUnavailable,
    "unknown": VendorUnavailable,
}
_TEXTS: Final[Mapping[type[ConnectorError], str]] = {
    VendorThrottled: "the sign-in was asked to slow down",
    VendorUnavailable: "the other system's sign-in failed",
}


class Judge:
    """Reads verdicts on sign-ins. `refusal`: the code of an error that only other credentials can mend."""

    def __init__(self, rows: Sequence[OutcomeRow], *, clock: Clock, refusal: str = "upstream_credentials") -> None:
        self._table = OutcomeTable(rows, writes=False, keyed=False)
        self._clock = clock
        self._refusal = refusal

    def check(self, answer: Answer) -> None:
        """Accept a yes. Raises: VendorMisconfigured: refused. VendorThrottled, VendorUnavailable, VendorBadAnswer."""
        verdict = self._table.judge(answer, self._clock)
        if verdict.outcome in _SUCCESS:
            if answer.unreadable:
                raise VendorBadAnswer("the answer to the sign-in cannot be read")
            return
        error = _ERRORS.get(verdict.outcome)
        if error is None:
            raise VendorMisconfigured("the other system refuses our credentials", code=self._refusal)
        raise error(_TEXTS[error], retry_after_s=verdict.wait_s)
