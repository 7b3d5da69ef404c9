"""One request, parsed no earlier than somebody asks for its contents: a signature is checked over the raw bytes alone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qs

from tieline.connectors.answers.read import Unreadable, parse_body
from tieline.connectors.inbound.request import InboundRequest
from tieline.connectors.inbound.sealing import Seal
from tieline.connectors.inbound.unpacking import Unpacker
from tieline.connectors.language.paths import Read
from tieline.connectors.manifest.part import AnswerKind

MOST_PARAMETERS: Final = 200
_FORMS: Final = frozenset({"application/x-www-form-urlencoded", "application/x-www-form-base64-encoded"})


@dataclass(frozen=True, slots=True)
class Opening:
    """How one intake's letters are opened. `sealed_at` reads where sealed contents stand."""

    accept: Sequence[str]
    charset: str
    plus_is_space: bool
    seal: Seal | None
    sealed_at: Read | None
    contents: AnswerKind
    unpack: Unpacker


class Letter:
    """A request and its contents.

    Looking at a part that is not what it claims to be raises Unreadable; at contents sealed by somebody else, SealBroken.
    """

    def __init__(self, request: InboundRequest, opening: Opening) -> None:
        self.request = request
        self._opening = opening

    @cached_property
    def query(self) -> dict[str, Any]:
        """The parameters of the address; one given several times is a list."""
        if not self.request.query:
            return {}
        written = self.request.query if self._opening.plus_is_space else self.request.query.replace("+", "%2B")
        try:
            found = parse_qs(
                written,
                keep_blank_values=True,
                max_num_fields=MOST_PARAMETERS,
                encoding=self._opening.charset or "utf-8",
                errors="replace",
            )
        except ValueError as exc:
            raise Unreadable("the query is not one") from exc
        return {name: values if len(values) > 1 else values[0] for name, values in found.items()}

    @cached_property
    def kind(self) -> AnswerKind | None:
        """What the body is by its declared type; without one, the first kind accepted. None: it is not accepted."""
        mime = self.request.content_type.partition(";")[0].strip().lower()
        accepted = self._opening.accept
        if mime in _FORMS:
            return "form" if "form" in accepted else None
        if "xml" in mime and "html" not in mime:
            return "xml" if {"xml", "soap"} & set(accepted) else None
        if not mime or mime == "text/plain":
            return next((_KINDS[each] for each in accepted if each in _KINDS), None)
        return "json" if mime.endswith("json") and "json" in accepted else None

    @cached_property
    def envelope(self) -> Any:  # noqa: ANN401 - whatever was sent
        """What was sent, as it was sent; None for nothing."""
        written = self.request.content_type
        if self._opening.charset and "charset=" not in written.lower():
            written = f"{written}; charset={self._opening.charset}"
        return parse_body(self.request.body, content_type=written, kind=self.kind or "auto")

    @cached_property
    def body(self) -> Any:  # noqa: ANN401 - whatever was sent
        """What it is about: opened if it was sealed, unpacked if it was packed."""
        seal, sealed_at = self._opening.seal, self._opening.sealed_at
        contents = self.envelope
        if seal is not None and sealed_at is not None:
            sealed = sealed_at(self.roots({"query", "header", "envelope"}))
            opened = seal.open(sealed if isinstance(sealed, str) else "")
            contents = parse_body(opened, content_type="", kind=self._opening.contents)
        return self._opening.unpack(contents)

    def roots(self, wanted: Collection[str]) -> dict[str, Any]:
        """Return the roots that paths start from, only those wanted, because to look at the body is to parse it."""
        found = {"header": dict(self.request.headers), "method": self.request.method}
        return {**found, **{name: read(self) for name, read in _PARTS.items() if name in wanted}}


_KINDS: Final[Mapping[str, AnswerKind]] = {"json": "json", "form": "form", "xml": "xml", "soap": "xml"}
_PARTS: Final[Mapping[str, Callable[[Letter], Any]]] = {
    "query": lambda letter: letter.query,
    "envelope": lambda letter: letter.envelope,
    "body": lambda letter: letter.body,
}
EVERYTHING: Final = frozenset(_PARTS)
