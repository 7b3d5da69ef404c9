"""Reads a small form as browsers send it."""

from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from tieline.domain.errors import BodyMalformed

FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 10


async def form_of(request: Request, *, longest_bytes: int) -> dict[str, str]:
    """Return the form's fields. Raises: BodyMalformed: it is no form, or larger than it can be."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BodyMalformed(code="media_type", http_status=415)
    body = await request.body()
    if len(body) > longest_bytes:
        raise BodyMalformed(code="body_too_large", http_status=413)
    try:
        return dict(parse_qsl(body.decode("latin-1"), max_num_fields=MOST_FIELDS))
    except ValueError as exc:
        raise BodyMalformed from exc
