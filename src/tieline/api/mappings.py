"""A company's own field mapping, without code: draft, preview, publish, roll back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import CursorsOfRequest, HouseOfRequest
from tieline.api.lists import ListQuery, Page
from tieline.api.mapping_shapes import Previewed, PreviewWish, RollBack, WrittenMapping, entries_of, previewed
from tieline.api.openapi import problems
from tieline.api.paging import Pager
from tieline.api.preconditions import IfMatch, named_tag
from tieline.api.strict_route import StrictRoute
from tieline.api.unechoed import unechoed
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services.mappings import changes, previews, versions
from tieline.services.mappings.changes import Change
from tieline.services.mappings.state import MappingState, read_state, reading_of
from tieline.store.mappings import Version

router = APIRouter(route_class=StrictRoute, tags=["Field mapping"])
Reader = Annotated[Caller, permit("mappings.read")]
Editor = Annotated[Caller, permit("mappings.edit")]
Publisher = Annotated[Caller, permit("mappings.publish")]
Connection = Annotated[str, Path(max_length=60, description="The administrator's name for the system.", examples=["crm"])]
_NONE = {404: "There is no such connection, version or example: `not_found`."}
_STATE = {
    412: "It changed since you read it: `precondition_failed`.",
    428: "`If-Match` is missing: `precondition_required`.",
}
_ROWS = {
    422: "A row cannot be used; `detail` names it: `mapping_invalid`, `mapping_conflict`, `codec_invalid`, `expr_invalid`, "
    "`expr_limit`."
}


class ShownMapping(BaseModel):
    """How a mapping stands. Name its `ETag` in `If-Match` when you change it."""

    model_config = ConfigDict(frozen=True)

    connection: str
    version: Annotated[int | None, Field(description="The version in use; null before the first publication.")]
    connector_rows: Annotated[Mapping[str, Mapping[str, Any]], Field(description="The connector's own rows, by record kind.")]
    published: Annotated[Mapping[str, Any], Field(description="Rows laid over them, in use; with `gray`, for a share of agents.")]
    draft: Annotated[Mapping[str, Any] | None, Field(description="Rows nothing is served with yet.")]
    drafted_by: str | None = None
    drafted_at: datetime | None = None


class ShownVersion(BaseModel):
    """What held from a moment on."""

    model_config = ConfigDict(frozen=True)

    number: int
    kinds: Mapping[str, Any]
    origin: Annotated[
        Literal["published", "rolled_back", "found"],
        Field(description="`found`: set by an apply file, and kept before it was replaced."),
    ]
    made_by: str
    made_at: datetime


@router.get(
    "/v1/mappings/{connection}",
    operation_id="get_mapping",
    summary="How does the mapping of a system stand?",
    responses=problems(_NONE),
)
async def get_mapping(connection: Connection, _caller: Reader, house: HouseOfRequest, response: Response) -> ShownMapping:
    """Return the connector's own rows, those published over them, and the draft."""
    return _shown(house, response, await read_state(house.database, connection))


@router.put(
    "/v1/mappings/{connection}/draft",
    operation_id="put_mapping_draft",
    summary="Draft rows",
    responses=problems(_NONE | _STATE | _ROWS),
)
async def put_draft(
    connection: Connection,
    written: WrittenMapping,
    caller: Editor,
    house: HouseOfRequest,
    response: Response,
    if_match: IfMatch = None,
) -> ShownMapping:
    """Keep rows as the draft, in place of an earlier one. Each is compiled first: a row that could not be used is refused."""
    change = _change(house, connection, caller, if_match)
    with unechoed(written.model_dump()):
        state = await changes.save_draft(house.database, house.catalog, change, entries_of(written))
    return _shown(house, response, state)


@router.delete(
    "/v1/mappings/{connection}/draft",
    operation_id="delete_mapping_draft",
    summary="Take the draft away",
    responses=problems(_NONE | _STATE),
)
async def delete_draft(
    connection: Connection, caller: Editor, house: HouseOfRequest, response: Response, if_match: IfMatch = None
) -> ShownMapping:
    """Forget the draft; what is published stays."""
    change = _change(house, connection, caller, if_match)
    return _shown(house, response, await changes.discard_draft(house.database, change))


@router.post(
    "/v1/mappings/{connection}/preview",
    operation_id="preview_mapping",
    summary="What would the rows make of a record?",
    responses=problems(_NONE | _ROWS),
)
async def preview_mapping(connection: Connection, wish: PreviewWish, caller: Editor, house: HouseOfRequest) -> Previewed:
    """Explain each field of a record: where it was looked for, what stood there, what became of it, and why it stayed out.

    The draft's rows are used, or those published while there is none. A record is handed in, taken from one of the connector's
    examples, or, for those who may search customers, asked for live. Nothing is changed.
    """
    state = await read_state(house.database, connection)
    reading = reading_of(house.catalog, state.row)
    if wish.live is not None:
        caller.require("customer.search")
        found = await previews.preview_live(house, reading, state, (wish.live.operation, wish.live.inputs), by=caller)
    elif wish.example is not None:
        found = await previews.preview_example(reading, state, wish.example)
    else:
        found = previews.preview_record(reading, state, str(wish.kind), wish.record or {})
    return previewed(found)


@router.post(
    "/v1/mappings/{connection}/publish",
    operation_id="publish_mapping",
    summary="Put the draft into use",
    responses=problems(_NONE | _STATE | _ROWS | {409: "There is no draft: `mapping_no_draft`."}),
)
async def publish_mapping(
    connection: Connection, caller: Publisher, house: HouseOfRequest, response: Response, if_match: IfMatch = None
) -> ShownMapping:
    """Serve with the draft's rows from now on, on every replica. The draft becomes the newest version."""
    change = _change(house, connection, caller, if_match)
    return _shown(house, response, await changes.publish(house.database, house.catalog, change))


@router.post(
    "/v1/mappings/{connection}/rollback",
    operation_id="roll_back_mapping",
    summary="Go back to an earlier version",
    responses=problems(_NONE | _STATE | _ROWS),
)
async def roll_back_mapping(
    connection: Connection, to: RollBack, caller: Publisher, house: HouseOfRequest, response: Response, if_match: IfMatch = None
) -> ShownMapping:
    """Serve with an earlier version's rows again. They become the newest version, and a draft stays where it is."""
    change = _change(house, connection, caller, if_match)
    return _shown(house, response, await changes.roll_back(house.database, house.catalog, change, to.version))


@router.get(
    "/v1/mappings/{connection}/versions",
    operation_id="list_mapping_versions",
    summary="List the versions of a mapping",
    responses=problems(_NONE),
)
async def list_versions(
    connection: Connection,
    query: Annotated[ListQuery, Query()],
    _caller: Reader,
    house: HouseOfRequest,
    cursors: CursorsOfRequest,
) -> Page[ShownVersion]:
    """Return what held from when on, the newest first."""
    pager = Pager("mapping-versions", query, cursors)
    before = int(place[0]) if (place := pager.place) else None
    found = await versions.page(house.database, connection, before=before, limit=pager.fetch)
    return pager.page(found, place=lambda version: (version.number,), show=_version)


def _change(house: HouseOfRequest, connection: str, caller: Caller, if_match: str | None) -> Change:
    return Change(connection, named_tag(if_match), by=caller, now=house.clock())


def _shown(house: HouseOfRequest, response: Response, state: MappingState) -> ShownMapping:
    response.headers["ETag"] = f'"{state.tag}"'
    return ShownMapping(
        connection=state.row.name,
        version=state.number,
        connector_rows=reading_of(house.catalog, state.row).own_rows(),
        published=state.published,
        draft=state.draft.kinds,
        drafted_by=state.draft.updated_by if state.draft.kinds is not None else None,
        drafted_at=state.draft.updated_at if state.draft.kinds is not None else None,
    )


def _version(found: Version) -> ShownVersion:
    return ShownVersion(number=found.number, kinds=found.kinds, origin=found.origin, made_by=found.made_by, made_at=found.made_at)
