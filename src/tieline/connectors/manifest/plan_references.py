"""Check that the steps of a plan exist, may be asked together, and refer only to what an earlier one has saved."""

from collections.abc import Callable, Iterator

from tieline.connectors.contract import INPUTS
from tieline.connectors.language.conditions import paths_in
from tieline.connectors.language.paths import parse
from tieline.connectors.language.references import Reference, TreePath, references
from tieline.connectors.manifest.plans import Plan, Step
from tieline.connectors.manifest.schema import Manifest
from tieline.kit.spelling import meant

Fault = tuple[TreePath, str]
CheckTree = Callable[[object, TreePath, set[str]], Iterator[Fault]]


def check_plan(manifest: Manifest, name: str, plan: Plan, at: TreePath, check_tree: CheckTree) -> Iterator[Fault]:
    """Yield every fault of one plan."""
    saved: set[str] = set()
    for position, step in enumerate(plan.steps):
        place: TreePath = (*at, "steps", position)
        operation = manifest.single(step.do)
        if operation is None:
            known = [*manifest.parts, *(each for each in manifest.operations if manifest.single(each))]
            yield (*place, "do"), f"there is no part {step.do!r} with a request of its own{meant(step.do, known)}"
            continue
        if manifest.is_write(step.do) and not manifest.is_write(name):
            yield (*place, "do"), f"{name} only reads, and {step.do} writes"
        yield from _check_step(step, place, saved, check_tree)
        request = operation.request
        trees = [request.model_dump(by_alias=True, exclude={"path"}), *request.path.split("/")]
        yield from _unsaved([*trees, operation.lock.from_ if operation.lock else None], (*place, "do"), saved)
        saved |= set(step.save)
    for key, tree in (("add", plan.add), ("result", plan.result.model_dump())):
        yield from check_tree(tree, (*at, key), {"config", "in", "saved"})
        yield from _unsaved(tree, (*at, key), saved)


def _check_step(step: Step, at: TreePath, saved: set[str], check_tree: CheckTree) -> Iterator[Fault]:
    for key in step.with_:
        if key not in INPUTS and key != "record":
            yield (*at, "with", key), f"there is no input {key!r}{meant(key, INPUTS)}"
    yield from check_tree(step.with_, (*at, "with"), {"config", "in", "record", "saved"})
    yield from _unsaved(step.with_, (*at, "with"), saved)
    for path in paths_in(step.when):
        root, *rest = parse(path)
        if root == "saved" and rest[:1] and str(rest[0]) not in saved:
            yield (*at, "when"), _not_saved(str(rest[0]), saved)
        if root == "in" and str(next(iter(rest), "")) not in INPUTS:
            yield (*at, "when"), f"there is no input {path!r}"


def _unsaved(tree: object, at: TreePath, saved: set[str]) -> Iterator[Fault]:
    for _, found in references(tree):
        if isinstance(found, Reference) and found.root == "saved" and (not found.steps or found.steps[0] not in saved):
            yield at, _not_saved(found.steps[0] if found.steps else "", saved)


def _not_saved(name: str, saved: set[str]) -> str:
    return f"no earlier step has saved {name!r}{meant(name, saved)}"
