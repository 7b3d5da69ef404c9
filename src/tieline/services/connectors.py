"""What a person does with connectors: list them, read one, begin one, and try one operation with every stage in sight."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

from tieline import connectors
from tieline.connectors.connection import VendorConnection
from tieline.connectors.contract import CAPABILITIES, INPUTS, MOMENTS
from tieline.connectors.engine.trace import Stage
from tieline.connectors.language.moments import moment_of
from tieline.connectors.manifest.schema import Category, Manifest
from tieline.connectors.registry import Catalog
from tieline.domain.errors import ConfigRefused, ManifestInvalid, RequestRefused
from tieline.domain.line import Line
from tieline.domain.phone_normalise import normalise
from tieline.kit.deadline import Deadline
from tieline.kit.ids import opaque_token
from tieline.kit.spelling import meant
from tieline.mapping.record import RecordMapping
from tieline.services.connector_quality import tier_of

CATEGORIES: Final[tuple[str, ...]] = get_args(Category)
PATIENCE_S: Final = 30.0
_SCAFFOLD: Final = Path(connectors.__file__).parent / "scaffold"
_ID: Final = re.compile(r"[a-z][a-z0-9_]{1,40}")


class Summary(NamedTuple):
    """One connector of the catalog; `fault` says why it cannot be used."""

    id: str
    name: str
    category: str
    operations: tuple[str, ...]
    takes_calls: bool
    tier: str = ""
    fault: str = ""


def list_connectors(catalog: Catalog) -> tuple[Summary, ...]:
    """Return every connector by id; one with a faulty manifest is listed with its first fault."""
    return tuple(_summary(connector.folder, catalog) for connector in catalog.list())


def _summary(folder: Path, catalog: Catalog) -> Summary:
    try:
        return summarise(catalog.find(str(folder)).manifest)._replace(tier=tier_of(folder) or "")
    except ManifestInvalid as exc:
        return Summary(folder.name, folder.name, "", (), takes_calls=False, fault=exc.detail.partition("\n")[0])


def summarise(manifest: Manifest) -> Summary:
    """Return what a manifest offers, in one line."""
    takes_calls = manifest.inbound is not None and manifest.inbound.call is not None
    return Summary(manifest.id, manifest.name, manifest.category, tuple(manifest.operations), takes_calls)


@dataclass(frozen=True, slots=True)
class Trial:
    """A connection to try, and the mapping of its records by kind."""

    connection: VendorConnection
    book: Mapping[str, RecordMapping]


async def try_operation(
    trial: Trial, operation: str, written: Mapping[str, str], *, line: Line, writing: bool = False
) -> tuple[Stage, ...]:
    """Run one operation against the real system and return every stage, the mapped records last; secrets are removed.

    `written` holds the inputs as text: `phone` in any spelling (read as on `line`), `record` as JSON in canonical fields.
    Raises: RequestRefused: not offered, an input that does not exist, or a write without `writing`.
    """
    refuse_unasked(trial, operation, writing=writing)
    inputs = read_inputs(trial, operation, written, line)
    stages = await trial.connection.explain(operation, deadline=Deadline.after(PATIENCE_S), **inputs)
    return tuple(shown for stage in stages for shown in _with_mapped(stage, trial, operation))


def refuse_unasked(trial: Trial, operation: str, *, writing: bool) -> None:
    """Raises: RequestRefused: the operation is not offered, or it writes and nobody said that it may."""
    offered = trial.connection.operations
    if operation not in offered:
        close = meant(operation, offered) or f"; it offers {', '.join(offered) or 'nothing to ask'}"
        raise RequestRefused(f"the connector does not offer {operation}{close}")
    if CAPABILITIES[operation].writes and not writing:
        raise RequestRefused(f"{operation} changes something in the other system; say so to have it carried out")


def read_inputs(trial: Trial, operation: str, written: Mapping[str, str], line: Line) -> dict[str, Any]:
    """Return inputs written as text in the form `run` takes them. Raises: RequestRefused: no such input, or no moment."""
    unknown = sorted(set(written) - INPUTS.keys() - {"record", "idempotency_key"})
    if unknown:
        known = sorted({*INPUTS, "record"})
        close = meant(unknown[0], known) or f"; there are {', '.join(known)}"
        raise RequestRefused(f"there is no input {unknown[0]!r}{close}")
    inputs: dict[str, Any] = dict(written)
    if "phone" in inputs:
        inputs["phone"] = normalise(inputs["phone"], line=line)
    if "record" in inputs:
        inputs["record"] = _record(trial, operation, inputs["record"])
    for name in MOMENTS & inputs.keys():
        inputs[name] = _moment(name, inputs[name])
    if CAPABILITIES[operation].writes:
        inputs.setdefault("idempotency_key", opaque_token())
    return inputs


def _moment(name: str, written: str) -> datetime:
    try:
        return moment_of(written)
    except ValueError as exc:
        raise RequestRefused(f"{name} is a moment with its zone, for example 2026-01-02T03:04:05+08:00") from exc


def _record(trial: Trial, operation: str, written: str) -> dict[str, Any]:
    mapping = trial.book.get(CAPABILITIES[operation].record)
    try:
        canonical = json.loads(written)
    except json.JSONDecodeError as exc:
        raise RequestRefused('record is written as JSON, for example {"subject": "…"}') from exc
    if mapping is None or not isinstance(canonical, dict):
        raise RequestRefused("record is an object of canonical fields, and its kind needs a mapping")
    return mapping.write(canonical, current=None, is_new=operation.endswith(".create"))


def _with_mapped(stage: Stage, trial: Trial, operation: str) -> tuple[Stage, ...]:
    """Follow the records found by what the mapping makes of each."""
    mapping = trial.book.get(CAPABILITIES[operation].record)
    if stage.name != "records" or mapping is None:
        return (stage,)
    previews = [[asdict(field) for field in mapping.preview(record)] for record in stage.facts["records"]]
    return (stage, Stage("mapped", {"records": previews}))


def begin_connector(parent: Path, connector_id: str, *, category: str, name: str = "") -> tuple[Path, ...]:
    """Write a folder to start from, which loads and whose examples still fail; return its files.

    Raises: ConfigRefused: not an id, not a category, or the folder exists.
    """
    folder = parent / connector_id
    check_new_folder(folder, connector_id, category)
    model = _SCAFFOLD / ("pbx" if category == "pbx" else "system")
    words = {"__ID__": connector_id, "__CATEGORY__": category, "__NAME__": name or connector_id.replace("_", " ").title()}
    return tuple(_copy(file, folder / file.relative_to(model), words) for file in sorted(model.rglob("*")) if file.is_file())


def check_new_folder(folder: Path, connector_id: str, category: str) -> None:
    """Raises: ConfigRefused: not an id, not a category, or the folder exists."""
    if not _ID.fullmatch(connector_id):
        raise ConfigRefused("an id is a word in small letters, digits and underscores, such as acme_helpdesk")
    if category not in CATEGORIES:
        raise ConfigRefused(f"the category is one of {', '.join(CATEGORIES)}{meant(category, CATEGORIES)}")
    if folder.exists():
        raise ConfigRefused("there is already something at that place", where=str(folder))


def _copy(model: Path, target: Path, words: Mapping[str, str]) -> Path:
    text = model.read_text(encoding="utf-8")
    for placeholder, word in words.items():
        text = text.replace(placeholder, json.dumps(word, ensure_ascii=False) if _quoted(model, placeholder) else word)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target


def _quoted(model: Path, placeholder: str) -> bool:
    """A free name may hold what YAML reads as its own."""
    return model.suffix == ".yaml" and placeholder == "__NAME__"
