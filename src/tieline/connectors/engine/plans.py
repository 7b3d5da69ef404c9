"""Carry out a capability in steps: each asks once, or polls; what it saves serves those behind it. One deadline holds for all."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.answers.outcome import ERRORS, wait_seconds
from tieline.connectors.contract import ItemResult, Outcome, Result, Tier
from tieline.connectors.engine.carry_out import Harvest, gather, sum_up
from tieline.connectors.engine.exchange import Call, Exchanger
from tieline.connectors.engine.look_back import LookBack, compile_look_back
from tieline.connectors.engine.operation import CompiledOperation, named_inputs, weakest_tier
from tieline.connectors.language.conditions import Condition, compile_conditions
from tieline.connectors.language.paths import Read, compile_path
from tieline.connectors.language.templates import InputMissing, Render, Roots, compile_tree
from tieline.connectors.manifest.plans import Each, Plan, Poll, Step
from tieline.connectors.manifest.schema import Manifest
from tieline.domain.errors import ConnectorError, OutcomeUnknown, VendorUnavailable


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """One step. `key_suffix` keeps the keys of several writes apart, the same at each repetition."""

    operation: CompiledOperation
    holds: Condition
    inputs: Render
    save: Mapping[str, Read]
    poll: Poll | None
    done: Condition
    key_suffix: str


@dataclass(frozen=True, slots=True)
class CompiledPlan:
    """A plan of one connection; what services may ask about it is told as for an operation."""

    name: str
    writes: bool
    tier: Tier | None
    needs: frozenset[str]
    takes: frozenset[str]
    steps: tuple[CompiledStep, ...]
    add: Render
    result: Render
    read_back: LookBack | None
    confirm: LookBack | None


@dataclass(slots=True)
class Journey:
    """How far a plan has come."""

    saved: dict[str, Any] = field(default_factory=dict)
    sum: Harvest = field(default_factory=lambda: Harvest(outcome="not_found"))
    items: list[ItemResult] = field(default_factory=list)


async def follow(exchanger: Exchanger, plan: CompiledPlan, first: Call) -> Result:
    """Run the steps; `first` says with which inputs, by when and how urgently.

    A write that is refused after others were done is `partial`, with what became of each step. Raises: ConnectorError: any other
    failure. InputMissing: a step cannot be written.
    """
    started_s = asyncio.get_running_loop().time()
    journey = Journey()
    for position, step in enumerate(plan.steps):
        roots = {**first.roots, "saved": journey.saved}
        call = first._replace(operation=step.operation, roots=roots)
        if step.holds(roots) and not await _go(exchanger, plan, journey, position, call):
            break
    roots = {**first.roots, "saved": journey.saved}
    named, added, harvest = plan.result(roots), plan.add(roots), journey.sum
    harvest.external_id = _text(named.get("id")) or harvest.external_id
    harvest.external_url = _text(named.get("url")) or harvest.external_url
    harvest.records = [{**record, **added} for record in harvest.records] if added else harvest.records
    harvest.items = tuple(journey.items) if len(journey.items) > 1 else harvest.items
    return sum_up(harvest, first, started_s)


async def _go(exchanger: Exchanger, plan: CompiledPlan, journey: Journey, position: int, call: Call) -> bool:
    """Take one step; False: the plan ends here."""
    step = plan.steps[position]
    given = {**call.roots["in"], **step.inputs(call.roots)}
    if step.key_suffix and given.get("idempotency_key"):
        given["idempotency_key"] = f"{given['idempotency_key']}{step.key_suffix}"
    call = call._replace(roots={**call.roots, "in": given, "record": given.get("record")})
    if call.trace:
        call.trace.step(call.operation.name)
    try:
        harvest = await (
            _poll(exchanger, step, step.poll, call, written=bool(journey.items)) if step.poll else gather(exchanger, call)
        )
    except ConnectorError as exc:
        if journey.items and exc.kind == "transient" and plan.tier != "T1":
            raise OutcomeUnknown("a later step failed, and the earlier ones may not be repeated") from exc
        if not journey.items or step.poll or exc.kind not in {"permanent", "config"}:
            raise
        journey.items.append(ItemResult(position, _outcome_of(exc)))
        journey.sum.outcome = "partial"
        return False
    _note(journey, step, position, harvest)
    return not (harvest.outcome == "not_found" and call.operation.writes)


def _note(journey: Journey, step: CompiledStep, position: int, harvest: Harvest) -> None:
    made = {"id": harvest.external_id, "url": harvest.external_url}
    answer = harvest.answer.roots() if harvest.answer else {}
    seen = {**answer, "record": next(iter(harvest.records), None), "records": harvest.records, "result": made}
    journey.saved.update({name: read(seen) for name, read in step.save.items()})
    before, journey.sum = journey.sum, harvest
    harvest.pages, harvest.attempts = harvest.pages + before.pages, harvest.attempts + before.attempts
    harvest.truncated |= before.truncated
    if step.operation.writes:
        journey.items.append(ItemResult(position, harvest.outcome, harvest.external_id))
    harvest.external_id = harvest.external_id or before.external_id
    harvest.external_url = harvest.external_url or before.external_url


async def _poll(exchanger: Exchanger, step: CompiledStep, poll: Poll, call: Call, *, written: bool) -> Harvest:
    read_wait, pause_s = compile_path(poll.wait) if poll.wait else None, poll.every_s
    for _ in range(poll.at_most):
        harvest = await gather(exchanger, call)
        roots = harvest.answer.roots() if harvest.answer else {}
        if step.done(roots):
            return harvest
        wished_s = wait_seconds(read_wait(roots), unit="s", now=exchanger.now()) if read_wait else None
        pause_s = poll.every_s if wished_s is None else wished_s
        if call.deadline.remaining_s() <= pause_s:
            break
        await asyncio.sleep(pause_s)
    if written:
        raise OutcomeUnknown("the other system accepted it, and has not said that it is done")
    raise VendorUnavailable("the other system has not finished in time", code="upstream_pending", retry_after_s=pause_s)


def compile_plan(
    manifest: Manifest, name: str, plan: Plan, config: Mapping[str, Any], singles: Mapping[str, CompiledOperation]
) -> CompiledPlan:
    """Compile a plan over the parts and operations that are compiled already."""
    operations = [singles[step.do] for step in plan.steps]
    firsts = next((position for position, each in enumerate(operations) if each.writes), 0)
    steps = tuple(
        _compile_step(step, operation, config, f"-{position + 1}" if operation.writes and position > firsts else "")
        for position, (step, operation) in enumerate(zip(plan.steps, operations, strict=True))
    )
    choice = plan.idempotency
    return CompiledPlan(
        name=name,
        writes=manifest.is_write(name),
        tier=weakest_tier(manifest, name),
        needs=frozenset(_inputs(plan, operations, optional=False)),
        takes=frozenset(_inputs(plan, operations, optional=True)),
        steps=steps,
        add=_as_found(plan.add, config),
        result=_as_found(plan.result.model_dump(), config),
        read_back=compile_look_back(choice.read_back, config) if choice and choice.read_back else None,
        confirm=compile_look_back(plan.confirm, config) if plan.confirm else None,
    )


def _compile_step(step: Step, operation: CompiledOperation, config: Mapping[str, Any], key_suffix: str) -> CompiledStep:
    return CompiledStep(
        operation=operation,
        holds=compile_conditions(step.when),
        inputs=compile_tree(step.with_, config).render,
        save={name: _saving(place) for name, place in step.save.items()},
        poll=step.poll,
        done=compile_conditions(step.poll.until if step.poll else {}),
        key_suffix=key_suffix,
    )


def _as_found(trees: Mapping[str, object], config: Mapping[str, Any]) -> Render:
    """Compile what is told when all is done: what was not saved is left out, and never an error after the fact."""
    leaves = {key: compile_tree(tree, config).render for key, tree in trees.items()}

    def render(roots: Roots) -> dict[str, Any]:
        found = {}
        for key, leaf in leaves.items():
            with suppress(InputMissing):
                found[key] = leaf(roots)
        return {key: value for key, value in found.items() if value is not None}

    return render


def _saving(place: str | Each) -> Read:
    if isinstance(place, str):
        return compile_path(place)
    read = compile_path(place.each)
    return lambda roots: [value for record in roots["records"] if (value := read({"record": record})) is not None] or None


def _inputs(plan: Plan, operations: list[CompiledOperation], *, optional: bool) -> Iterator[str]:
    for step, operation in zip(plan.steps, operations, strict=True):
        if optional or not step.when:
            own = operation.takes if optional else operation.needs
            yield from (name for name in own if name not in step.with_)
            yield from named_inputs(step.with_, optional=optional)


def _outcome_of(error: ConnectorError) -> Outcome:
    return next((outcome for outcome, kind in ERRORS.items() if type(error) is kind), "permanent")


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
