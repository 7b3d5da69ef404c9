"""One row of a mapping as it is written: which canonical field, where the vendor keeps it, how it is read and written.

    priority: {field: prio, as: int, write: if_empty}

`field` reads and writes one path; `from` only reads (a list of paths: the first that holds something, or all of them for a
field that takes several texts); `to` only writes. `from` and `to` may stand together when the two paths differ.

`values` translates words, and its direction follows from the row. A row that can write lists **our word: their word**; several
of their words for one of ours form a list, of which the first is written: `{closed: ["9", "10"]}`. Where they have fewer words
than we, `{to: …}` is written and not read: `{closed: "9", cancelled: {to: "9"}}` reads `"9"` as closed. A row that only reads
lists **their word: our word**: `{Gold: high_value, Silver: regular}`. `"*"` stands for any other word on the side where it
is written: `{Gold: high_value, "*": regular}` in a row that only reads, `{open: ["2", "*"]}` or `{"*": "1"}` in one that writes.
Words are compared as text, so `1` and `"1"` are the same word when read; each is written with the type it has in the file.

`default` is the canonical value where there is none: on reading when the vendor holds nothing, on writing when the object is new
and none was given. A row may have nothing but a default.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

WriteMode = Literal["overwrite", "if_new", "if_empty", "append"]
Word = StrictBool | StrictInt | StrictStr
ANY_OTHER = "*"


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _as_words(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value if isinstance(value, dict) else (value,)


Listed = Annotated[tuple[Word, ...], Field(min_length=1, max_length=100)]


class OnlyWritten(BaseModel):
    """Their word for one of ours, which it is not read as: another of ours stands for it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    to: Word


class Row(BaseModel):
    """One row. Paths and codecs are still text here; `compile` gives them meaning."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    field: str | None = None
    from_: Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(alias="from", max_length=20)] = ()
    to: str | None = None
    as_: Annotated[str, Field(alias="as")] = ""
    values: Annotated[
        Mapping[
            str,
            Annotated[Annotated[tuple[Word, ...], Field(min_length=1, max_length=100)] | OnlyWritten, BeforeValidator(_as_words)],
        ],
        Field(max_length=1000),
    ] = {}
    write: WriteMode = "overwrite"
    required: bool = False
    default: Any = None

    @property
    def reads_from(self) -> tuple[str, ...]:
        """The vendor paths to read, most wanted first; empty: the row does not read."""
        return (self.field,) if self.field is not None else self.from_

    @property
    def writes_to(self) -> str | None:
        """The vendor path to write; None: the row does not write."""
        return self.field if self.field is not None else self.to

    @model_validator(mode="after")
    def _has_one_direction(self) -> Self:
        if self.field is not None and (self.from_ or self.to is not None):
            raise ValueError("`field` reads and writes; use `from` and `to` where the paths differ")
        if not self.reads_from and self.writes_to is None and self.default is None:
            raise ValueError("a row needs `field`, `from`, `to` or at least a `default`")
        if self.writes_to is None and "write" in self.model_fields_set:
            raise ValueError("a row that only reads has no `write` mode")
        return self
