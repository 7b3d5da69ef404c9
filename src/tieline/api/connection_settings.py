"""Connecting systems without a file: settings and secrets, verified, paused, removed. A secret goes in and never comes out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.connections import ConnectionName
from tieline.api.house import HouseOfRequest
from tieline.api.openapi import problems
from tieline.api.preconditions import IfMatch, named_tag
from tieline.api.strict_route import StrictRoute
from tieline.api.unechoed import unechoed
from tieline.domain.border import Border
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import connection_removal, connection_settings, connection_verify
from tieline.services.connection_settings import MASK, UNCHANGED, Settings, Wish
from tieline.services.house import House

router = APIRouter(route_class=StrictRoute, tags=["People and systems"])
Administrator = Annotated[Caller, permit("connections.manage")]
NewName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,40}$", description="A word for it.", examples=["crm"])]
FieldName = Annotated[str, Field(min_length=1, max_length=63)]
_NONE = {404: "There is no such connection: `not_found`."}
_NOWHERE = {404: "No address is written like this: `not_found`."}
_STATE = {
    412: "It changed since you read it: `precondition_failed`.",
    428: "It exists and `If-Match` is missing: `precondition_required`.",
}
_FORM = {
    422: "The form is not filled in rightly: `connector_unknown`, `upstream_config`, `secret_missing`, `url_forbidden`, "
    "`header_forbidden`, `overlap_unused`; or the request does not fit: `field_unknown` …"
}


class WrittenConnection(BaseModel):
    """A connection as it shall be. A secret that is left out, or sent back as `****`, stays as it is; null takes it away."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "connector": "zammad",
                    "config": {"base_url": "https://help.example.com", "group": "Users"},
                    "secrets": {"token": "the token, or **** to leave it"},
                    "border": {"region": "DE", "transfer": {"basis": "adequacy", "recipient": "Example GmbH"}},
                }
            ]
        },
    )

    connector: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="The id of a connector of the catalog.")]
    config: Annotated[dict[FieldName, str | int | bool | None], Field(max_length=100)] = Field(default_factory=dict)
    secrets: Annotated[dict[FieldName, Annotated[str, Field(max_length=20_000)] | None], Field(max_length=20)] = Field(
        default_factory=dict
    )
    border: Annotated[
        Border | None,
        Field(
            description="In which country its system keeps data, and on what ground data may go there. Left out: as it was; "
            "null: nobody says. Abroad and without `transfer`, nothing is asked of it and nothing told."
        ),
    ] = None
    overlap_h: Annotated[
        int,
        Field(
            ge=0,
            le=720,
            description="Hours for which secrets that prove the sender of webhooks, replaced by this, are taken beside the new.",
            examples=[24],
        ),
    ] = 0


class ShownSettings(BaseModel):
    """A connection as it is set up. Name its `ETag` in `If-Match` when you change it."""

    model_config = ConfigDict(frozen=True)

    name: str
    connector: str
    outside_package: Annotated[bool, Field(description="Its connector is a folder of your own, named in an apply file.")]
    config: Mapping[str, Any]
    secrets: Annotated[Mapping[str, str], Field(description="`****` for each that is kept.", examples=[{"token": MASK}])]
    former_secrets: Annotated[
        Mapping[str, datetime], Field(description="Secrets that were replaced and are still taken from senders, until then.")
    ]
    paused: bool
    border: Border | None


class VerifyStep(BaseModel):
    """One thing that was looked at."""

    model_config = ConfigDict(frozen=True)

    name: Literal["settings", "addresses", "ping"]
    ok: bool
    skipped: Annotated[bool, Field(description="The connector offers nothing to look at.")]
    code: str | None
    detail: str
    took_ms: int


class Verified(BaseModel):
    """Whether it would work, and up to which step it does."""

    model_config = ConfigDict(frozen=True)

    ok: bool
    steps: Sequence[VerifyStep]


@router.get(
    "/v1/connections/{name}",
    operation_id="get_connection",
    summary="How is a system set up?",
    responses=problems(_NONE),
)
async def get_connection(
    name: ConnectionName, _caller: Administrator, house: HouseOfRequest, response: Response
) -> ShownSettings:
    """Return the settings; secrets are masked."""
    return _shown(house, response, await connection_settings.read(house, name))


@router.put(
    "/v1/connections/{name}",
    operation_id="put_connection",
    summary="Connect a system, or change how it is connected",
    responses={**problems(_NOWHERE | _STATE | _FORM), 201: {"model": ShownSettings, "description": "It is new."}},
)
async def put_connection(
    name: NewName,
    written: WrittenConnection,
    caller: Administrator,
    house: HouseOfRequest,
    response: Response,
    if_match: IfMatch = None,
) -> ShownSettings:
    """Keep settings and secrets, for every replica. They are tried out first; nothing is sent to the vendor."""
    config = {key: value for key, value in written.config.items() if value is not None}
    border: Border | Literal["unchanged"] | None = written.border if "border" in written.model_fields_set else UNCHANGED
    wish = Wish(written.connector, config, written.secrets, border, timedelta(hours=written.overlap_h))
    tag = named_tag(if_match) if if_match is not None else None
    with unechoed([written.config, written.secrets]):
        settings, is_new = await connection_settings.put(house, name, wish, tag=tag, by=caller)
    if is_new:
        response.status_code = 201
    return _shown(house, response, settings)


@router.delete(
    "/v1/connections/{name}",
    operation_id="delete_connection",
    summary="Disconnect a system",
    status_code=204,
    responses=problems(_NONE | _STATE),
)
async def delete_connection(name: ConnectionName, caller: Administrator, house: HouseOfRequest, if_match: IfMatch = None) -> None:
    """Remove it with its secrets, mapping and places of trust, and ask it to tell us no more. What it once told us stays."""
    tag = named_tag(if_match) if if_match is not None else None
    await connection_removal.remove(house, name, tag=tag, by=caller)


@router.post(
    "/v1/connections/{name}/verify",
    operation_id="verify_connection",
    summary="Would a system answer?",
    responses=problems(_NONE),
)
async def verify_connection(name: ConnectionName, _caller: Administrator, house: HouseOfRequest) -> Verified:
    """Look at settings, addresses and sign-in, and send the vendor's own ping: the one thing that is sent."""
    steps = await connection_verify.verify(house, name)
    shown = [VerifyStep.model_validate(step, from_attributes=True) for step in steps]
    return Verified(ok=all(step.ok for step in steps), steps=shown)


@router.post(
    "/v1/connections/{name}/pause",
    operation_id="pause_connection",
    summary="Stop using a system for now",
    responses=problems(_NONE),
)
async def pause_connection(
    name: ConnectionName, caller: Administrator, house: HouseOfRequest, response: Response
) -> ShownSettings:
    """Leave it alone on every replica until it is resumed; what shall be written to it waits. Doing it again changes nothing."""
    return _shown(house, response, await connection_settings.pause(house, name, paused=True, by=caller))


@router.post(
    "/v1/connections/{name}/resume",
    operation_id="resume_connection",
    summary="Use a system again",
    responses=problems(_NONE),
)
async def resume_connection(
    name: ConnectionName, caller: Administrator, house: HouseOfRequest, response: Response
) -> ShownSettings:
    """Use it again on every replica. Doing it again changes nothing."""
    return _shown(house, response, await connection_settings.pause(house, name, paused=False, by=caller))


def _shown(house: House, response: Response, settings: Settings) -> ShownSettings:
    response.headers["ETag"] = f'"{settings.tag}"'
    return ShownSettings(
        name=settings.row.name,
        connector=settings.row.connector,
        outside_package=settings.row.folder is not None,
        config=settings.row.config,
        secrets=dict.fromkeys(sorted(settings.sealed), MASK),
        former_secrets={key: until for key, until in sorted(settings.former_until.items()) if house.clock() < until},
        paused=settings.row.paused,
        border=settings.row.border,
    )
