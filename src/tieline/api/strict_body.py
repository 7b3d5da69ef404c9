"""A request's JSON body: media type and encoding first, then the strict tree, then the model without any coercion.

Behaviour: bad-input rows B03 to B07, B12, B19, B21 to B23, B39.
"""

from email.message import Message
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.datastructures import Headers

from tieline.api.strict_json import read_json
from tieline.domain.errors import BodyMalformed

_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})


class StrictBody:
    """Reads one model from request bodies."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - whatever pydantic can adapt
        self._adapter: TypeAdapter[Any] = TypeAdapter(model)

    async def of(self, request: Request) -> Any:  # noqa: ANN401 - the model given
        """Return the model. Raises: BodyMalformed: unreadable. RequestValidationError: it does not fit."""
        raw = await request.body()
        if raw:
            require_json(request.headers)
        return self.read(raw)

    async def read_ahead(self, request: Request) -> "ReadRequest":
        """Return the same request with its body read, for the framework to go on with. Raises as `of`."""
        model = await self.of(request)
        return ReadRequest(request, await request.body(), model)

    def read(self, raw: bytes) -> Any:  # noqa: ANN401 - the model given
        """Return the model in `raw`.

        The tree is written out again for pydantic, because only its JSON mode is strict and still reads instants from text;
        so our own parser alone decides what the sender's bytes mean.
        """
        tree = read_json(raw)
        try:
            return self._adapter.validate_json(to_json(tree), strict=True)
        except ValidationError as exc:
            errors = [{**error, "loc": ("body", *error["loc"])} for error in exc.errors(include_url=False, include_input=False)]
            raise RequestValidationError(errors, body=tree) from exc


class ReadRequest(Request):
    """A request whose body has been read already; the framework is handed the model where it expects parsed JSON."""

    def __init__(self, original: Request, raw: bytes, model: Any) -> None:  # noqa: ANN401 - the model given
        super().__init__(original.scope, original.receive)
        self._raw = raw
        self._model = model

    async def body(self) -> bytes:
        """Return the bytes that were read."""
        return self._raw

    async def json(self) -> Any:  # noqa: ANN401 - the framework's signature
        """Return the model."""
        return self._model


def refuse_compression(headers: Headers) -> None:
    """Raises: BodyMalformed: the body is compressed (415)."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise BodyMalformed(code="encoding_unsupported", http_status=415)


def require_json(headers: Headers) -> None:
    """Raises: BodyMalformed: the body is not announced as JSON in UTF-8, sent as it is (415)."""
    refuse_compression(headers)
    media = Message()
    media["content-type"] = headers.get("content-type", "")
    kind, _, form = media.get_content_type().partition("/")
    if kind != "application" or not (form == "json" or form.endswith("+json")) or "content-type" not in headers:
        raise BodyMalformed(code="media_type", http_status=415)
    charset = media.get_content_charset("utf-8")
    if charset not in _CHARSETS:
        raise BodyMalformed(code="charset_unsupported", http_status=415)
