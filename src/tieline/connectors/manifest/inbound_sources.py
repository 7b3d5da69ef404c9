"""How a manifest names one value of what arrived: a path, the first of several, a constant, a translated word, a time."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from tieline.connectors.language.conditions import check_conditions, paths_in
from tieline.connectors.language.paths import parse
from tieline.connectors.language.text_ops import check_text_ops
from tieline.connectors.manifest.part import Part, Template

TimeFormat = str
REQUEST_ROOTS: Final = frozenset({"method", "query", "header", "body", "envelope", "entry", "item"})


def request_path(text: str) -> str:
    """Accept a path into what arrived. Raises: ValueError: it starts with no root of a request."""
    root = parse(text)[0]
    if root not in REQUEST_ROOTS:
        message = f"{text[:80]!r} must start with body, query, header or item"
        raise ValueError(message)
    return text


RequestPath = Annotated[str, AfterValidator(request_path)]


def request_conditions(when: dict[str, Any]) -> dict[str, Any]:
    """Accept conditions over what arrived. Raises: ValueError."""
    for path in paths_in(when):
        request_path(path)
    return check_conditions(when)


RequestConditions = Annotated[dict[str, Any], AfterValidator(request_conditions)]


class Constant(Part):
    """A fixed value."""

    const: str | int | float | bool


class Drawn(Part):
    """A value found at a path (or the first of several), then rewritten, translated or read as a time or a number.

    `take` rewrites text, step by step. `values` maps what the vendor says to what we say; `"*"` stands for anything else,
    without it an unknown word is left out. `format` reads a time: iso, rfc2822, epoch_s, epoch_ms, epoch_us, or strptime signs
    (`%Y-%m-%d %H:%M:%S`) together with `zone`. `as: number` reads digits as a number, so that 10 is more than 9.
    `digits_after` keeps the digits that follow a text at the beginning (`PJSIP/1001-0000a3` after `PJSIP/` is 1001); a value
    without them is left out. `prefix` is put before what was found. Both may come from the configuration.
    """

    from_: Annotated[RequestPath | tuple[RequestPath, ...], Field(alias="from")]
    take: Annotated[tuple[Mapping[str, Any], ...], AfterValidator(check_text_ops)] = ()
    values: dict[str, str | int | float | bool] | None = None
    format: TimeFormat | None = None
    zone: Template | None = None
    digits_after: Template | None = None
    prefix: Template | None = None
    as_: Annotated[Literal["number"] | None, Field(alias="as")] = None

    @model_validator(mode="after")
    def _one_reading(self) -> Self:
        if self.zone is not None and self.format is None:
            raise ValueError("a zone is only used together with a format")
        if sum(reading is not None for reading in (self.values, self.format, self.as_)) > 1:
            raise ValueError("a value is translated by values, read by format, or read as a number: one of them")
        return self


def _shape(source: object) -> str | None:
    """Tell the way a field is written, so that an error speaks of that way only."""
    match source:
        case str():
            return "path"
        case list() | tuple():
            return "first of"
        case Constant() | {"const": _}:
            return "constant"
        case Drawn() | {"from": _}:
            return "drawn"
        case _:
            return None


FieldSource = Annotated[
    Annotated[RequestPath, Tag("path")]
    | Annotated[tuple[RequestPath, ...], Tag("first of")]
    | Annotated[Constant, Tag("constant")]
    | Annotated[Drawn, Tag("drawn")],
    Discriminator(
        _shape,
        custom_error_type="field_source",
        custom_error_message="write a path, a list of paths, {const: value} or {from: path, values: {…}}",
    ),
]


def paths_of(source: object) -> Sequence[str]:
    """Return the paths a field source reads; none for a constant."""
    match source:
        case str():
            return (source,)
        case Drawn():
            return (source.from_,) if isinstance(source.from_, str) else source.from_
        case list() | tuple():
            return source
        case _:
            return ()
