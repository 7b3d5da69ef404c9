"""The pages about connectors, written from manifest, quality.yaml and README, so that documentation cannot drift from data."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from tieline.connectors.contract import CAPABILITIES
from tieline.connectors.engine.operation import weakest_tier
from tieline.connectors.manifest.inbound import Intake
from tieline.connectors.manifest.inbound_proof import each_proof
from tieline.connectors.manifest.inbound_rows import NOTHING
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.manifest.stream import StreamIntake
from tieline.connectors.registry import Catalog, Connector
from tieline.services.connector_forms import arrivals_of
from tieline.services.connector_quality import STANDARDS, Quality, Stand, quality_of

UNRATED: Final = "not rated"
TIERS: Final[Mapping[str, str]] = {"T1": "sent again", "T2": "looked for first", "T3": "shown to a person"}
TIER_TABLE: Final = """\
| tier | asks |
|---|---|
| bronze | the exam passes and every rule it can see for itself is done: examples, secrets, writes, mapping, README |
| silver | a person has read the vendor's documents: error codes, limits, paging, the form of numbers |
| gold | it was run against the real system |

A rule that does not apply (exempt, with the reason) counts as done; a `todo` keeps the tier down."""


class Folder(NamedTuple):
    """What a page is written from."""

    manifest: Manifest
    quality: Quality
    readme: str

    @property
    def tier(self) -> str:
        """The tier in a word."""
        return self.quality.tier or UNRATED


def pages(catalog: Catalog) -> dict[str, str]:
    """Return file name → Markdown for every connector, and an index. Raises: ManifestInvalid."""
    folders = [_read(connector) for connector in catalog.list()]
    written = {f"{folder.manifest.id}.md": _text(_page(folder)) for folder in folders}
    return {"README.md": _text(_index(folders)), **written}


def _read(connector: Connector) -> Folder:
    readme = (connector.folder / "README.md").read_text(encoding="utf-8")
    return Folder(connector.manifest, quality_of(connector.folder), readme)


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _index(folders: list[Folder]) -> Iterator[str]:
    yield "# Connectors"
    yield ""
    yield "Written from the folders of the catalog by `make docs`; a test fails when they differ."
    yield ""
    families = _families(folders)
    yield f"| connector | category | tier | {' | '.join(families)} | tells us |"
    yield f"|---|---|---|{'---|' * len(families)}---|"
    for manifest, quality, _readme in folders:
        verbs = _verbs(manifest)
        cells = " | ".join(" ".join(verbs.get(family, ())) for family in families)
        arriving = " ".join(arrivals_of(manifest))
        yield f"| [{manifest.name}]({manifest.id}.md) | {manifest.category} | {quality.tier or UNRATED} | {cells} | {arriving} |"
    yield ""
    yield "## Tiers"
    yield ""
    yield TIER_TABLE


def _families(folders: list[Folder]) -> list[str]:
    """Return what any connector can be asked about, in the contract's order."""
    offered = {name.partition(".")[0] for folder in folders for name in folder.manifest.operations}
    return [family for family in dict.fromkeys(name.partition(".")[0] for name in CAPABILITIES) if family in offered]


def _verbs(manifest: Manifest) -> Mapping[str, list[str]]:
    verbs: dict[str, list[str]] = {}
    for name in manifest.operations:
        family, _, verb = name.partition(".")
        verbs.setdefault(family, []).append(verb)
    return verbs


def _page(folder: Folder) -> Iterator[str]:
    manifest = folder.manifest
    yield f"# {manifest.name}"
    yield ""
    yield f"`connector: {manifest.id}` · {manifest.category} · {folder.tier}" + _source(manifest)
    yield ""
    yield from _form(manifest)
    yield ""
    yield from _manners(manifest)
    yield from _operations(manifest)
    yield from _arriving(manifest)
    yield ""
    yield from _quality(folder.quality)
    yield ""
    yield from _notes(folder.readme)


def _source(manifest: Manifest) -> str:
    speaks = f" · speaks {', '.join(manifest.speaks)}" if manifest.speaks else ""
    if manifest.docs is None:
        return speaks
    return f"{speaks} · [vendor's description]({manifest.docs.url}), read {manifest.docs.read}"


def _form(manifest: Manifest) -> Iterator[str]:
    yield "## What the administrator fills in"
    yield ""
    if not manifest.config:
        yield "Nothing."
        return
    yield "| field | title | type | required | secret | |"
    yield "|---|---|---|---|---|---|"
    for name, field in manifest.config.items():
        required = "yes" if field.required and field.default is None else ""
        kind = f"{field.type}: {', '.join(field.choices)}" if field.choices else field.type
        yield f"| `{name}` | {field.title} | {kind} | {required} | {'yes' if field.secret else ''} | {field.description} |"


def _manners(manifest: Manifest) -> Iterator[str]:
    limits = manifest.limits
    yield (
        f"Limits: {limits.per_second:g} calls a second (burst {limits.burst}), {limits.concurrency} at once, "
        f"{limits.timeout_ms} ms each, answers up to {limits.response_bytes // 1024} KiB. "
        f"Signs in: {', '.join(f'`{kind}`' for kind in _kinds(manifest))}."
    )


def _kinds(manifest: Manifest) -> list[str]:
    """Return every kind of credentials it uses, each once."""
    return list(dict.fromkeys(entry.kind for scheme in manifest.schemes.values() for entry in scheme))


def _operations(manifest: Manifest) -> Iterator[str]:
    if not manifest.operations:
        return
    yield ""
    yield "## What it can be asked"
    yield ""
    yield "| operation | | request |"
    yield "|---|---|---|"
    for name, operation in manifest.operations.items():
        request = getattr(operation, "request", None)
        told = f"{request.method} `{request.path}`" if request is not None else "several requests"
        safety = weakest_tier(manifest, name)
        yield f"| `{name}` | {f'writes, {safety}' if safety else 'reads'} | {told} |"
    if any(CAPABILITIES[name].writes for name in manifest.operations):
        yield ""
        yield f"A write whose end is in doubt is {'; '.join(f'{tier}: {means}' for tier, means in TIERS.items())}."


def _intakes(manifest: Manifest) -> Iterator[tuple[str, Intake | StreamIntake]]:
    """Yield what may arrive, by name: each intake the manifest declares."""
    for name in arrivals_of(manifest):
        intake = getattr(manifest.inbound, name)
        if isinstance(intake, Intake | StreamIntake):
            yield name, intake


def _arriving(manifest: Manifest) -> Iterator[str]:
    for name, intake in _intakes(manifest):
        if isinstance(intake, StreamIntake):
            yield from _listened(intake)
            continue
        door = "/v1/cti/{connection}" if name == "call" else "/v1/webhooks/{connection}"
        proofs = dict.fromkeys(proof.kind for proof in each_proof(getattr(intake, "verify", ())))
        verify = ", ".join(kind for kind in proofs if kind != "condition")
        emitted = dict.fromkeys(str(event.emit) for event in getattr(intake, "events", ()) if event.emit != NOTHING)
        yield ""
        yield f"Tells us by `{door}` ({name}; proved by `{verify}`): {', '.join(emitted)}."


def _listened(stream: StreamIntake) -> Iterator[str]:
    for kind, declared in stream.kinds.items():
        yield ""
        yield f"Is listened to over {kind.upper()}: {', '.join(dict.fromkeys(event.emit for event in declared.events))}."


def _quality(quality: Quality) -> Iterator[str]:
    yield "## Verified and not"
    yield ""
    yield "| rule | tier | | |"
    yield "|---|---|---|---|"
    for name, standard in STANDARDS.items():
        stand = quality.rules.get(name, Stand(todo="not told"))
        told = (
            ("done", standard.meaning) if stand == "done" else ("to do", stand.todo) if stand.todo else ("exempt", stand.exempt)
        )
        yield f"| {name} | {standard.tier} | {told[0]} | {told[1]} |"


def _notes(readme: str) -> Iterator[str]:
    """Yield the folder's README without its title, its headings one step down."""
    yield "## Notes"
    for line in readme.strip().splitlines():
        if line.startswith("# "):
            continue
        yield f"#{line}" if line.startswith("## ") else line
