"""How a value is written where the wire wants characters: one scalar as text, a tree as JSON."""

import json
from datetime import date, datetime
from decimal import Decimal

import orjson

from tieline.domain.errors import VendorMisconfigured


def as_text(value: object) -> str:
    """Write one scalar as it stands in a URL, a form or a header. Raises: VendorMisconfigured: it is a list or a map."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case _:
            raise VendorMisconfigured("a list or map stands where only one value can be written; use {$json: …}")


def json_bytes(tree: object) -> bytes:
    """Write JSON in UTF-8; a Decimal is written as text, so that no digit is lost."""
    try:
        return orjson.dumps(tree, default=str)
    except orjson.JSONEncodeError:  # An integer beyond 64 bits, which the fast encoder does not take.
        return json.dumps(tree, default=str, ensure_ascii=False, separators=(",", ":")).encode()
