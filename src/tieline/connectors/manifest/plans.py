"""How a manifest carries out one capability by several calls: a short list of steps, no branch but `when`, no loop but a poll."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from tieline.connectors.manifest.answers import AnswerConditions, AnswerPath, conditions_on, path_from
from tieline.connectors.manifest.part import Part, Word
from tieline.connectors.manifest.writes import Idempotency, LookBack

STEP_ROOTS = ("record", "result", "body", "header", "status")
StepPath = Annotated[str, path_from(*STEP_ROOTS)]
MOST_STEPS = 8


class Each(Part):
    """What stands at a path of every record a step brought, as a list."""

    each: Annotated[str, path_from("record")]


class Poll(Part):
    """Asks again until the conditions hold: after `every_s`, or after what `wait` says, at most so many times."""

    until: AnswerConditions
    every_s: Annotated[float, Field(ge=0.05, le=60)] = 1.0
    wait: AnswerPath | None = None
    at_most: Annotated[int, Field(ge=1, le=100)] = 10


class Step(Part):
    """One call: `do` names an entry of `parts`, or an operation of this file, with a request of its own.

    It is left out unless `when` holds, over `in`, `record` (what is written) and `saved`. `with` gives it inputs beside the
    plan's own. `save` keeps something of its answer under a name: from `record` (the first it brought), `result` (`id`, `url`)
    or the answer itself. A part may refer to `$saved.name`; where nothing was saved it is not asked, and the plan finds nothing.
    """

    do: Annotated[str, Field(min_length=1)]
    when: Annotated[dict[str, Any], conditions_on("in", "record", "saved")] = Field(default_factory=dict)
    with_: Annotated[dict[str, Any], Field(alias="with")] = Field(default_factory=dict)
    save: dict[Word, StepPath | Each] = Field(default_factory=dict)
    poll: Poll | None = None


class PlanResult(Part):
    """What the plan made, as trees over `$saved`, `$in` and `$config`; left out: what its last write made."""

    id: Any = None
    url: Any = None


class Plan(Part):
    """A capability in steps. The records are those of the last step that was asked; `add` puts saved values into each.

    A write that is repeated begins at its first step, so its tier is that of its weakest step, unless the plan itself says more.
    """

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MOST_STEPS)]
    add: dict[str, Any] = Field(default_factory=dict)
    result: PlanResult = PlanResult()
    idempotency: Idempotency | None = None
    confirm: LookBack | None = None

    @model_validator(mode="after")
    def _keys_belong_to_steps(self) -> Self:
        choice = self.idempotency
        if choice is not None and (choice.header or choice.field or choice.client_id):
            raise ValueError("a key goes with a request: write it at the step's own; a plan is repeatable, read back, or none")
        return self
