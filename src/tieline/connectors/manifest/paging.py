"""How a manifest says how a long answer continues."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from tieline.connectors.manifest.answers import AnswerConditions, AnswerPath
from tieline.connectors.manifest.part import Part, Template

_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "page": ("param",),
    "offset": ("param", "size"),
    "cursor": ("param", "next"),
    "scroll": ("param", "next"),
    "link": ("next",),
    "range": ("size",),
    "window": ("param", "until_param", "window_s"),
}


class Pages(Part):
    """How a long answer continues. Without `more`, `last` or `total`, a page shorter than `size` is the last one.

    `last`: conditions under which there is no further page. `cap`: the number of records at which the vendor stops without a
    word. `may_be_empty`: a page without records is not the last. `written` and `zone`: how a window's ends are written.
    """

    kind: Literal["page", "offset", "cursor", "scroll", "link", "range", "window"]
    param: str | None = None
    first: int | None = None
    size: Annotated[int, Field(ge=1, le=10_000)] | None = None
    size_param: str | None = None
    next: AnswerPath | None = None
    more: AnswerPath | None = None
    last: AnswerConditions | None = None
    total: AnswerPath | None = None
    may_be_empty: bool = False
    cap: Annotated[int, Field(ge=1)] | None = None
    until_param: str | None = None
    window_s: Annotated[int, Field(ge=60, le=31_622_400)] | None = None
    written: str = "iso"
    zone: Template | None = None
    at_most: Annotated[int, Field(ge=1, le=1000)] = 5

    @model_validator(mode="after")
    def _complete(self) -> Self:
        absent = [name for name in _NEEDED[self.kind] if getattr(self, name) is None]
        if absent:
            message = f"paging of the kind {self.kind} needs {' and '.join(absent)}"
            raise ValueError(message)
        return self
