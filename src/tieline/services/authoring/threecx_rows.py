"""What a 3CX look-up reads from the answer, as mapping rows; what has no exact counterpart is told and left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tieline.services.authoring.threecx_template import Scenario, Variable
from tieline.services.authoring.threecx_words import names_in, only_name

FIELDS: Final[Mapping[str, str]] = {
    "ContactID": "id",
    "EntityId": "id",
    "FullName": "name",
    "CompanyName": "company",
    "Email": "emails",
    "PhoneMobile": "phones",
    "PhoneMobile2": "phones",
    "PhoneBusiness": "phones",
    "PhoneBusiness2": "phones",
    "PhoneHome": "phones",
    "PhoneOther": "phones",
    "ContactUrl": "url",
}
"""Output → our field. `EntityType`, faxes and photos have none."""
_NAME_PARTS: Final = ("FirstName", "LastName")


@dataclass(slots=True)
class Found:
    """Where the records lie, the rows of a customer, and what was left out with the reason."""

    records: str = "body"
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def rows_of(scenario: Scenario) -> Found:
    """Translate the outputs of a look-up."""
    variables = {each.name: each for each in scenario.variables}
    named = {name for _, value in scenario.outputs for name in names_in(value) if name in variables}
    shared = _shared_prefix([variables[name].path for name in sorted(named)])
    found = Found(records=".".join(("body", *shared)))
    paths: dict[str, list[str]] = {}
    for kind, value in scenario.outputs:
        name = only_name(value)
        if name is None or name not in variables:
            found.left_out.append((f"output {kind}", "it is put together, or comes from another step"))
        elif kind not in FIELDS and kind not in _NAME_PARTS:
            found.left_out.append((f"output {kind}", "there is no such field with us"))
        else:
            paths.setdefault(FIELDS.get(kind, kind), []).append(_path(variables[name], len(shared)))
    found.rows = dict(_rows(paths))
    found.left_out += [(f"rule {kind}", "we compare numbers ourselves") for kind, _, _ in scenario.rules if kind == "Number"]
    found.left_out += [(f"rule {kind} on {path}", "say it in outcomes:") for kind, path, _ in scenario.rules if kind != "Number"]
    return found


def _rows(paths: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "id" in paths:
        yield "id", {"from": paths["id"][0], "required": True}
    parts = [paths[part][0] for part in _NAME_PARTS if part in paths]
    if "name" in paths:
        yield "name", {"from": paths["name"][0]}
    elif parts:
        yield "name", {"from": f"join(' ', [{', '.join(parts)}][?@])"}
    for name in ("company", "emails", "phones", "url"):
        if name in paths:
            several = list(dict.fromkeys(paths[name]))
            yield name, {"from": several if len(several) > 1 else several[0]}


def _shared_prefix(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the steps all paths begin with, the last one of each left aside: the record lies there."""
    parted = [path.split(".")[:-1] for path in paths]
    shared: list[str] = []
    for steps in zip(*parted, strict=False):
        if len(set(steps)) > 1:
            break
        shared.append(steps[0])
    return tuple(shared)


def _path(variable: Variable, skipped: int) -> str:
    """Write a flattened path in JMESPath: `[a][]` takes a list and a lone object alike, a filter picks among siblings."""
    steps = [_step(step) for step in variable.path.split(".")[skipped:]]
    if len(steps) == 1 and not variable.filters:
        return steps[0]
    before = steps[0]
    for step in steps[1:-1]:
        before = f"[{before}][].{step}"
    if not variable.filters:
        return f"[{before}][].{steps[-1]} | [0]"
    picked = " && ".join(f"{_step(path.rsplit('.', 1)[-1])} == '{value}'" for path, value in variable.filters)
    return f"[{before}][] | [?{picked}].{steps[-1]} | [0]"


def _step(step: str) -> str:
    plain = step.replace("_", "").isalnum() and not step[:1].isdigit()
    return step if plain else '"' + step.replace('"', "") + '"'
