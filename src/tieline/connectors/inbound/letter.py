"""One request, parsed no earlier than somebody asks for its contents: a signature is checked over the raw bytes alone."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qs

from tieline.connectors.answers.read import Unreadable, parse_body
from tieline.connectors.inbound.request import InboundRequest
from tieline.connectors.manifest.part import AnswerKind

_MOST_PARAMETERS: Final = 200


class Letter:
    """A request and its contents. Raises: Unreadable: on the first look at a part that is not what it claims to be."""

    def __init__(self, request: InboundRequest, *, kind: AnswerKind) -> None:
        self.request = request
        self._kind = kind

    @cached_property
    def query(self) -> dict[str, Any]:
        """The parameters of the address; one given several times is a list."""
        try:
            found = parse_qs(self.request.query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
        except ValueError as exc:
            raise Unreadable("the query is not one") from exc
        return {name: values if len(values) > 1 else values[0] for name, values in found.items()}

    @cached_property
    def body(self) -> Any:  # noqa: ANN401 - whatever was sent
        """What was sent; None for nothing."""
        return parse_body(self.request.body, content_type=self.request.content_type, kind=self._kind)

    def roots(self) -> dict[str, Any]:
        """Return all of it, for paths to start from."""
        return {"method": self.request.method, "query": self.query, "header": dict(self.request.headers), "body": self.body}


def body_kind(request: InboundRequest, accepted: Sequence[str]) -> AnswerKind | None:
    """Name the body by its declared type, a sender that declares none being taken to mean JSON. None: it is not accepted."""
    mime = request.content_type.partition(";")[0].strip().lower()
    kind: AnswerKind = "auto"
    if mime == "application/x-www-form-urlencoded":
        kind = "form"
    elif not mime or mime.endswith(("json", "text/plain")):
        kind = "json"
    return kind if kind in accepted else None
