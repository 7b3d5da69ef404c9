"""From an OpenAPI description to a folder that loads: operations, rows and examples as far as the description tells them."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tieline.connectors.contract import CAPABILITIES, UNMAPPED
from tieline.connectors.language.templates import json_bytes
from tieline.connectors.recordings.example import Exchange, OperationExample, RecordedRequest
from tieline.connectors.registry import Connector
from tieline.connectors.wire.messages import Incoming
from tieline.domain.errors import TielineError
from tieline.mapping.book import load_book
from tieline.mapping.record import RecordMapping
from tieline.services.authoring.draft import Begun, Doubtful, Draft, DraftRows, write_draft, write_example
from tieline.services.authoring.openapi_access import Access, access_of
from tieline.services.authoring.openapi_document import Description, read_description
from tieline.services.authoring.openapi_operations import Proposal, proposals
from tieline.services.authoring.openapi_rows import Rows, propose_rows
from tieline.services.authoring.play import play
from tieline.services.authoring.write_yaml import answer_as_written, yaml_of

REPLACE: Final = "REPLACE-ME"
TITLES: Final = {
    True: "As the description shows it; record a real one",
    False: "Replace the response, and what comes of it, by a real one with made-up people",
}
_SAMPLES: Final[Mapping[str, str]] = {"phone": "+8613800138000", "since": "2026-01-01T00:00:00Z", "email": "person@example.com"}
_SAMPLE_RECORD: Final[Mapping[str, Any]] = {
    "subject": "Example",
    "description": "Example",
    "name": "Alex Example",
    "text": "Example",
}


async def begin_from_openapi(parent: Path, connector_id: str, *, category: str, name: str, file: Path) -> tuple[Path, ...]:
    """Write a folder drafted from a description; return its files.

    Raises: ConfigRefused: not an id or category, the folder exists, or the file is no OpenAPI description.
    """
    description = read_description(file)
    found = proposals(description)
    title = name or description.title or connector_id.replace("_", " ").title()
    begun = Begun(connector_id, title[:80], category, f"the OpenAPI description {file.name}")
    written = write_draft(_draft(begun, description, found), parent)
    connector = Connector(parent / connector_id)
    sure = [proposal for proposal in found if not proposal.missing]
    return (*written, *[await _write_example(connector, proposal) for proposal in sure])


def _draft(begun: Begun, description: Description, found: list[Proposal]) -> Draft:
    access = access_of(description)
    sure = {proposal.capability: _operation(proposal) for proposal in found if not proposal.missing}
    doubtful = [Doubtful(each.capability, _operation(each), each.missing) for each in found if each.missing]
    rows = dict(_rows(description, found))
    writes = any(CAPABILITIES[name].writes for name in sure)
    return Draft(
        begun,
        config=access.config,
        auth=access.auth,
        operations=sure,
        doubtful=doubtful,
        mapping={
            kind: DraftRows(each.sure, [Doubtful(*row) for row in each.unsure], each.left_over) for kind, each in rows.items()
        },
        quality={} if writes else {"writes": {"exempt": "nothing is written yet"}},
        open_points=list(_open_points(description, access, doubtful, rows)),
    )


def _draft_rows(rows: Rows) -> DraftRows:
    return DraftRows(rows.sure, [Doubtful(*row) for row in rows.unsure], rows.left_over)


def _operation(proposal: Proposal) -> dict[str, Any]:
    request: dict[str, Any] = {"method": proposal.described.method, "path": proposal.path}
    if proposal.query:
        request["query"] = dict(proposal.query)
    writes = CAPABILITIES[proposal.capability].writes
    if writes:
        request["json"] = {proposal.wrapped_in: "$record"} if proposal.wrapped_in else "$record"
    parts: dict[str, Any] = {"request": request}
    if writes:
        parts["idempotency"] = dict(proposal.idempotency)
    elif CAPABILITIES[proposal.capability].record not in UNMAPPED:
        parts["records"] = proposal.records
    if proposal.pages and proposal.capability.endswith((".find", ".list")):
        parts["pages"] = dict(proposal.pages)
    if proposal.result_id:
        parts["result"] = {"id": proposal.result_id}
    return parts


def _rows(description: Description, found: list[Proposal]) -> Iterator[tuple[str, Rows]]:
    kinds = dict.fromkeys(CAPABILITIES[proposal.capability].record for proposal in found)
    for kind in kinds:
        if kind in UNMAPPED:
            continue
        read: dict[str, Mapping[str, Any]] = {}
        sent: dict[str, Mapping[str, Any]] = {}
        for proposal in (each for each in found if CAPABILITIES[each.capability].record == kind):
            if CAPABILITIES[proposal.capability].writes:
                inner = description.properties(proposal.described.sent)
                sent |= description.properties(inner[proposal.wrapped_in]) if proposal.wrapped_in else inner
            else:
                read |= _record_properties(description, proposal)
        rows = propose_rows(description, kind, read, sent)
        if rows.sure or any(CAPABILITIES[each.capability].record == kind and not each.missing for each in found):
            yield kind, rows


def _record_properties(description: Description, proposal: Proposal) -> dict[str, Mapping[str, Any]]:
    schema = proposal.described.answered
    for step in proposal.records.split(".")[1:]:
        schema = description.properties(schema).get(step, {})
    return description.properties(description.items(schema)) if schema.get("type") == "array" else description.properties(schema)


def _open_points(
    description: Description, access: Access, doubtful: list[Doubtful], rows: Mapping[str, Rows]
) -> Iterator[tuple[str, str]]:
    yield from (("access", todo) for todo in access.todo)
    yield from ((f"`{each.name}`", each.doubt) for each in doubtful)
    for kind, each in rows.items():
        yield from ((f"`{kind}.{name}`", doubt) for name, _, doubt in each.unsure)
    yield from (("description", f"parts in another file were not read: {name}") for name in sorted(description.outside))
    yield "outcomes", "the vendor's error codes, and whether a 2xx can hide one"
    yield "numbers", "in which form telephone numbers are stored and searched"


async def _write_example(connector: Connector, proposal: Proposal) -> Path:
    """Write an operation's example: what the description shows, or a place for what it does not."""
    book = load_book(connector.mapping_file) if connector.mapping_file.exists() else {}
    mapping = book.get(CAPABILITIES[proposal.capability].record)
    example = _stand_in(connector, mapping, proposal)
    shown = proposal.described.example is not None
    with contextlib.suppress(TielineError):  # What cannot be played is left as it is, for the check to tell.
        played, _ = await play(connector, mapping if shown else None, example)
        example = played if shown else _unfinished(played)
    text = yaml_of(example.model_dump(by_alias=True, exclude_defaults=True, exclude_none=True, mode="json"))
    return write_example(connector.folder, proposal.capability, text)


def _unfinished(played: OperationExample) -> OperationExample:
    """Keep the request as it is sent, and expect what no answer brings, so that the check tells what is missing."""
    awaited: dict[str, Any] = {"outcome": "ok", "error": None, "mapped": None}
    if CAPABILITIES[played.operation].writes:
        awaited |= {"result": {"id": REPLACE}}
    elif CAPABILITIES[played.operation].record in UNMAPPED:
        awaited |= {"error": REPLACE}
    else:
        awaited |= {"records": ({"id": REPLACE},)}
    return played.model_copy(update=awaited)


def _stand_in(connector: Connector, mapping: RecordMapping | None, proposal: Proposal) -> OperationExample:
    shown = proposal.described.example
    body = json_bytes(shown if shown is not None else {"todo": REPLACE})
    status = 201 if proposal.capability.endswith(".create") else 200
    answer = answer_as_written(Incoming(status, {"content-type": "application/json"}, body))
    asked = RecordedRequest(method=proposal.described.method, url=f"https://{REPLACE}")
    return OperationExample(
        operation=proposal.capability,
        title=TITLES[shown is not None],
        config=_filled_in(connector, secret=False),
        secrets=_filled_in(connector, secret=True),
        in_=_inputs(connector, mapping, proposal.capability),
        exchanges=(Exchange(request=asked, response=answer),),
    )


def _filled_in(connector: Connector, *, secret: bool) -> dict[str, str]:
    return {
        name: "https://vendor.example" if form.type == "url" else f"dummy-{name.replace('_', '-')}"
        for name, form in connector.manifest.config.items()
        if form.secret is secret and form.default is None
    }


def _inputs(connector: Connector, mapping: RecordMapping | None, operation: str) -> dict[str, Any]:
    """Return something for each input the request refers to."""
    declared = connector.manifest.operations[operation].model_dump_json(by_alias=True)
    named = dict.fromkeys(re.findall(r"\$in\.([a-z_]+)", declared))
    inputs: dict[str, Any] = {name: _SAMPLES.get(name, "1") for name in named}
    if CAPABILITIES[operation].writes:
        sample = {name: value for name, value in _SAMPLE_RECORD.items() if mapping is not None and name in mapping.writes}
        written = mapping.write(sample, current=None, is_new=True) if mapping is not None else {}
        inputs |= {"record": written, "idempotency_key": "example-key-1"}
    return inputs
