"""What of a request is kept, and what a repetition of it is known by."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import unquote_plus

from tieline.connectors.answers.read import Unreadable
from tieline.connectors.inbound.letter import EVERYTHING, Letter
from tieline.connectors.inbound.request import InboundRequest
from tieline.connectors.inbound.sealing import SealBroken
from tieline.connectors.language.conditions import canonical
from tieline.connectors.language.paths import compile_path, parse
from tieline.connectors.manifest.inbound import CallIntake, EventIntake
from tieline.connectors.manifest.inbound_proof import VerifyHeader, VerifyStatic, each_proof
from tieline.connectors.manifest.inbound_rows import NOTHING
from tieline.connectors.manifest.inbound_sources import paths_of

LONGEST_KEY: Final = 200
_NEVER_KEPT: Final = frozenset({"authorization", "proxy-authorization", "cookie"})


class Keeper:
    """Takes out what proves the sender, and finds the delivery's id."""

    def __init__(self, declared: CallIntake | EventIntake) -> None:
        secret_places = list(_secret_places(declared))
        self._headers = _NEVER_KEPT | {name for root, name in secret_places if root == "header"}
        self._parameters = {name for root, name in secret_places if root == "query"}
        self._dedupe = [compile_path(path) for path in declared.dedupe]
        self._tells_versions = isinstance(declared, EventIntake) and all(
            row.emit == NOTHING or paths_of(row.version) or paths_of(row.occurred_at) for row in declared.events
        )

    def kept(self, request: InboundRequest) -> InboundRequest:
        """Return the request without fixed secrets, path and whole address included; a signature is no secret."""
        headers = {name: value for name, value in request.headers.items() if name not in self._headers}
        query = self._without_secrets(request.query)
        return InboundRequest(request.method, headers, query, request.content_type, request.body)

    def dedupe_key(self, letter: Letter) -> str | None:
        """Return the delivery's id; without one a digest, if every event says how new it is: then two alike mean the same."""
        if self._dedupe:
            try:
                words = [_word(read(letter.roots(EVERYTHING))) for read in self._dedupe]
            except (Unreadable, SealBroken):
                return letter.request.digest()
            if any(words):
                return _key(words)
        return letter.request.digest() if self._tells_versions else None

    def _without_secrets(self, query: str) -> str:
        if not self._parameters:
            return query
        return "&".join(pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) not in self._parameters)


def _key(words: Sequence[str]) -> str:
    key = "\x1f".join(words)
    return key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _word(value: Any) -> str:  # noqa: ANN401 - whatever was sent
    return "" if value is None else (canonical(value) or "").replace("\x00", "")


def _secret_places(declared: CallIntake | EventIntake) -> Iterator[tuple[str, str]]:
    proofs = [*declared.verify, *(proof for challenge in declared.challenges for proof in challenge.verify or ())]
    for proof in each_proof(tuple(proofs)):
        match proof:
            case VerifyHeader():
                yield "header", proof.header.lower()
            case VerifyStatic():
                for path in paths_of(proof.at):
                    root, *steps = parse(path)
                    yield str(root), ".".join(map(str, steps)).lower() if root == "header" else ".".join(map(str, steps))
