"""Questions whether an address is ours: asked when it is typed in at the vendor's, answered at once and never kept."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tieline.connectors.answers.read import Unreadable
from tieline.connectors.inbound.letter import EVERYTHING, Letter
from tieline.connectors.inbound.replies import compile_reply
from tieline.connectors.inbound.request import Refusal, Reply
from tieline.connectors.inbound.sealing import Seal
from tieline.connectors.inbound.verifier import Verifier
from tieline.connectors.inbound.verify import compile_verifier
from tieline.connectors.language.conditions import compile_conditions, paths_in
from tieline.connectors.language.paths import compile_path, parse
from tieline.connectors.manifest.inbound_reply import Challenge

Answering = Callable[[Letter, datetime], Reply | Refusal]


class Question:
    """One kind of question a vendor asks, compiled."""

    def __init__(self, declared: Challenge, config: Mapping[str, Any], *, usual: Verifier, seal: Seal | None) -> None:
        """Compile. Raises: VendorMisconfigured: a secret is empty."""
        self._method = declared.method
        self._holds = compile_conditions(declared.when) if declared.when else lambda _roots: True
        self._wanted = {str(parse(path)[0]) for path in paths_in(declared.when)}
        self._verify = compile_verifier(declared.verify, config) if declared.verify else usual
        self._open = compile_path(declared.open) if declared.open else None
        self._seal = seal
        self._reply = compile_reply(declared.reply, config, seal)

    def is_asked_by(self, letter: Letter) -> bool:
        """Say whether this is the question. What cannot be read asks nothing."""
        if letter.request.method != self._method:
            return False
        try:
            return self._holds(letter.roots(self._wanted))
        except Unreadable:
            return False

    def answer(self, letter: Letter, now: datetime) -> Reply | Refusal:
        """Return the answer, or why there is none. Raises: Unreadable, SealBroken."""
        refused = self._verify(letter, now)
        if refused:
            return refused
        if self._open is None:
            return self._reply(letter, {})
        given = self._open(letter.roots(EVERYTHING - {"body"}))
        if not isinstance(given, str):
            return "signature_missing"
        opened = self._seal.open(given).decode(errors="replace") if self._seal else given
        return self._reply(letter, {"opened": opened})
