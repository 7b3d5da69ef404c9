"""Reads urlencoded forms; files are not among what the simulated systems take."""

from urllib.parse import parse_qsl

from starlette.requests import Request


async def form_fields(request: Request) -> dict[str, str]:
    """Return the fields of an `application/x-www-form-urlencoded` body; of repeated ones the last."""
    body = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(body, keep_blank_values=True))
