"""How a manifest says what an answer means and where in it things lie."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tieline.connectors.contract import Outcome
from tieline.connectors.language.conditions import check_conditions, paths_in
from tieline.connectors.language.paths import parse
from tieline.connectors.language.text_ops import check_text_ops
from tieline.connectors.manifest.part import Part

ANSWER_ROOTS = ("body", "header", "status", "content_type")


def path_from(*roots: str) -> AfterValidator:
    """Accept a path that starts with one of `roots`. Raises: ValueError: another root."""

    def accept(text: str) -> str:
        if parse(text)[0] not in roots:
            message = f"{text[:80]!r} must start with {', '.join(roots[:-1])} or {roots[-1]}"
            raise ValueError(message)
        return text

    return AfterValidator(accept)


def conditions_on(*roots: str) -> AfterValidator:
    """Accept conditions over paths that start with one of `roots`. Raises: ValueError."""
    check_path = path_from(*roots).func

    def accept(when: dict[str, Any]) -> dict[str, Any]:
        for path in paths_in(when):
            check_path(path)  # type: ignore[call-arg] # the validator of one text
        return check_conditions(when)

    return AfterValidator(accept)


AnswerPath = Annotated[str, path_from(*ANSWER_ROOTS)]
AnswerConditions = Annotated[dict[str, Any], Field(min_length=1), conditions_on(*ANSWER_ROOTS)]
ItemConditions = Annotated[dict[str, Any], Field(min_length=1), conditions_on("item", *ANSWER_ROOTS)]


class Wait(Part):
    """How long the vendor wants to be left alone: a number in `unit` at `from`, or always so many `seconds`."""

    from_: Annotated[AnswerPath | None, Field(alias="from")] = None
    unit: Literal["s", "ms", "epoch_s"] = "s"
    seconds: Annotated[float, Field(gt=0, le=3600)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.from_ is None) == (self.seconds is None):
            raise ValueError("say from: a path, or seconds: a number")
        return self


class OutcomeRow(Part):
    """When all conditions hold, this is what the answer means. `message` is for the administrator who tries it, never logged.

    `because` says why something is refused for good where people must know: a customer who is not to be called.
    """

    when: AnswerConditions
    is_: Annotated[Outcome, Field(alias="is")]
    wait: AnswerPath | Wait | None = None
    message: AnswerPath | None = None
    because: Literal["do_not_disturb"] | None = None

    @model_validator(mode="after")
    def _only_a_refusal(self) -> Self:
        if self.because and self.is_ != "permanent":
            raise ValueError("because is for what is refused for good: is: permanent")
        return self


class ItemRow(Part):
    """What it means when an item was not accepted; a path starts with item, or with body and the like."""

    when: ItemConditions
    is_: Annotated[Outcome, Field(alias="is")]


class Items(Part):
    """The verdicts inside an answer that carries one for each thing sent: where they lie, and which say yes.

    An item that is not accepted is `permanent`, unless a row of `outcomes` says otherwise.
    """

    at: AnswerPath
    ok: ItemConditions
    id: Annotated[str, path_from("item", *ANSWER_ROOTS)] | None = None
    outcomes: tuple[ItemRow, ...] = ()


class Taken(Part):
    """What is left of the text at `from` after the steps of `take` (see `language.text_ops`)."""

    from_: Annotated[AnswerPath, Field(alias="from")]
    take: Annotated[tuple[Mapping[str, Any], ...], AfterValidator(check_text_ops)] = ()


class ResultPaths(Part):
    """Where the answer of a write names what it made. `url` is a path, or a text with ${body.…} and ${config.…} in it."""

    id: AnswerPath | Taken | None = None
    url: str | None = None


class Columns(Part):
    """Rows without names become records. The names are listed, stand at `from`, or are the first row.

    `separator` cuts lines of text into rows first.
    """

    names: tuple[str, ...] = ()
    from_: Annotated[AnswerPath | None, Field(alias="from")] = None
    separator: Annotated[str, Field(min_length=1, max_length=4)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.names and self.from_ is not None:
            raise ValueError("name the columns, or say where they stand, not both")
        return self
