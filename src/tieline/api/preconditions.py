"""`If-Match`: which state of a thing a change is meant for."""

import re
from typing import Annotated, Final

from fastapi import Header

from tieline.domain.errors import PreconditionFailed, PreconditionRequired

_TAG: Final = re.compile(r'(?:W/)?"([A-Za-z0-9._:-]{1,100})"')

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=120, description="Required: the `ETag` you read.", examples=['"3-9f2c41"']),
]


def named_tag(if_match: str | None) -> str:
    """Return the tag a change names. Raises: PreconditionRequired: none. PreconditionFailed: none of ours."""
    if if_match is None:
        raise PreconditionRequired
    tag = _TAG.fullmatch(if_match.strip())
    if tag is None:
        raise PreconditionFailed
    return tag[1]
