"""From an OpenAPI description to a folder that loads: operations, rows and examples as far as the description tells them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tieline.connectors.contract import CAPABILITIES, UNMAPPED
from tieline.connectors.registry import Connector
from tieline.services.authoring.draft import Begun, Doubtful, Draft, DraftRows, write_draft
from tieline.services.authoring.draft_examples import draft_example
from tieline.services.authoring.openapi_access import Access, access_of
from tieline.services.authoring.openapi_document import Description, read_description
from tieline.services.authoring.openapi_operations import Proposal, proposals
from tieline.services.authoring.openapi_rows import Rows, propose_rows


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
    return (*written, *[await draft_example(connector, each.capability, shown=each.described.example) for each in sure])


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
