"""The catalog: which systems can be connected, and the form each wants filled in."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.lists import Page
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.security.declarations import permit
from tieline.services import connector_forms

router = APIRouter(route_class=StrictRoute, tags=["People and systems"])


class ShownConnector(BaseModel):
    """A system that can be connected."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    category: str | None
    operations: tuple[str, ...]
    receives_calls: Annotated[bool, Field(description="It can tell us of calls at `POST /v1/cti/{connection}`.")]
    fault: Annotated[str | None, Field(description="Why its folder cannot be used, as a code.")] = None


class FormField(BaseModel):
    """One field of the form. A secret belongs under `secrets` and is never shown again."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    type: str
    description: str
    required: bool
    secret: bool
    default: str | int | bool | None
    choices: tuple[str, ...]


class ShownOperation(BaseModel):
    """One thing it can be asked."""

    model_config = ConfigDict(frozen=True)

    name: str
    writes: bool
    record: Annotated[str, Field(description="The kind of record that comes back or is sent; `none` for a ping.")]


class ConnectorDetail(BaseModel):
    """A system that can be connected, with everything an administrator's page needs."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    category: str
    tier: Annotated[
        Literal["bronze", "silver", "gold"] | None,
        Field(description="How far it is to be trusted: examined, looked up in the vendor's documents, met the real system."),
    ]
    docs_url: str | None
    docs_read: date | None
    form: Sequence[FormField]
    operations: Sequence[ShownOperation]
    arrivals: Annotated[tuple[str, ...], Field(description="What it can tell us of.")]
    examples: Annotated[tuple[str, ...], Field(description="Recorded examples, for previews of a mapping.")]


@router.get(
    "/v1/connectors",
    operation_id="list_connectors",
    summary="List the systems that can be connected",
    dependencies=[permit("connectors.read")],
)
def list_connectors(house: HouseOfRequest) -> Page[ShownConnector]:
    """Return the catalog, by id. The list is short and comes whole."""
    found = connector_forms.connectors(house.catalog)
    return Page(items=[ShownConnector.model_validate(each, from_attributes=True) for each in found])


@router.get(
    "/v1/connectors/{connector_id}",
    operation_id="get_connector",
    summary="What does a system want filled in, and what can it do?",
    dependencies=[permit("connectors.read")],
    responses=problems({404: "There is no such connector, or its folder has faults: `not_found`."}),
)
def get_connector(
    connector_id: Annotated[str, Path(max_length=63, examples=["zammad"])], house: HouseOfRequest
) -> ConnectorDetail:
    """Return one connector of the catalog. The form is the manifest's own."""
    return ConnectorDetail.model_validate(connector_forms.detail(house.catalog, connector_id), from_attributes=True)
