"""Keys of machines: made and shown once, listed without their secret, ended at once."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from tieline.api.house import CursorsOfRequest, HouseOfRequest
from tieline.api.lists import ListQuery, Page
from tieline.api.openapi import problems
from tieline.api.paging import Pager
from tieline.api.strict_route import StrictRoute
from tieline.domain.call import Identifier
from tieline.domain.errors import RequestRefused
from tieline.security.declarations import permit
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.services import api_keys
from tieline.services.api_keys import KeyRotation, KeyWish
from tieline.store.api_keys import KeyRow

router = APIRouter(route_class=StrictRoute, tags=["Administration"])
Manager = Annotated[Caller, permit("keys.manage")]


def _known(scope: str) -> str:
    if scope not in PERMISSIONS:
        raise PydanticCustomError("tieline_field_value", "unknown scope")
    return scope


Scope = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(PERMISSIONS)})]


Certificates = Annotated[
    list[Annotated[str, Field(min_length=10, max_length=600)]],
    Field(
        max_length=10,
        description="Of which the client must show one to the front proxy: `sha256:` and the fingerprint in hex, a SPIFFE ID, or "
        "`subject:` and the name (RFC 4514).",
        examples=[["spiffe://acme.cn/pbx/shanghai"]],
    ),
]


class WishedKey(BaseModel):
    """What the key shall be able to do, and for how long."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"name": "PBX in Shanghai", "scopes": ["events.write"], "days": 90}]},
    )

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(PERMISSIONS))]
    agent: Annotated[Identifier | None, Field(description="Binds the key to one agent, who signs in to the desk with it.")] = None
    days: Annotated[int, Field(ge=1, le=365, description="Days until it ends.")] = 365
    networks: Annotated[
        list[Annotated[str, Field(min_length=2, max_length=50)]],
        Field(
            max_length=50, description="Addresses and CIDR networks it may be used from; none: any.", examples=[["10.2.0.0/16"]]
        ),
    ] = Field(default_factory=list)
    certificates: Certificates = Field(default_factory=list)
    certificate_alone: Annotated[bool, Field(description="No key is made: showing one of the certificates is enough.")] = False


class ShownKey(BaseModel):
    """A key without its secret."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    scopes: tuple[str, ...]
    agent: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    networks: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    certificate_alone: bool = False
    successor: Annotated[str | None, Field(description="The key that takes its place while it runs out.")] = None


class NewKey(ShownKey):
    """A key as it is shown once, and never again."""

    key: Annotated[
        str | None,
        Field(
            description="Send it as `Authorization: Bearer …`. Null: a certificate is enough.",
            examples=["tl_abcdefghijkl_…"],
        ),
    ]


@router.post(
    "/v1/api-keys",
    operation_id="create_api_key",
    summary="Make a key",
    status_code=201,
    responses=problems({409: "Another key opens by one of these certificates: `certificate_taken`."}),
)
async def create_key(wish: WishedKey, caller: Manager, house: HouseOfRequest) -> NewKey:
    """Make a key and show it, this once. A key may hand out no more than it holds itself."""
    if wish.agent is not None and house.agent(wish.agent) is None:
        raise RequestRefused("There is no such agent.", code="agent_unknown")
    wished = KeyWish(
        name=wish.name,
        scopes=tuple(wish.scopes),
        agent=wish.agent,
        life=timedelta(days=wish.days),
        networks=tuple(wish.networks),
        certificates=tuple(wish.certificates),
        certificate_alone=wish.certificate_alone,
    )
    text, row = await api_keys.create(house.database, wished, asker=caller, now=house.clock())
    return _new(text, row)


class Rotation(BaseModel):
    """How a key is replaced."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    overlap_h: Annotated[
        int, Field(ge=0, le=720, description="Hours the old key still opens, for the machine to be told the new.", examples=[24])
    ] = 24
    certificates: Annotated[Certificates | None, Field(description="What the new key asks for; null: what the old one does.")] = (
        None
    )


@router.post(
    "/v1/api-keys/{key_id}/rotate",
    operation_id="rotate_api_key",
    summary="Replace a key",
    status_code=201,
    responses=problems(
        {404: "There is no such key: `not_found`.", 409: "It is over, or is being replaced already: `key_not_live`."}
    ),
)
async def rotate_key(key_id: str, wish: Rotation, caller: Manager, house: HouseOfRequest) -> NewKey:
    """Make a key with the same rights and show it, this once; the old one opens for `overlap_h` hours more, and no longer."""
    certificates = None if wish.certificates is None else tuple(wish.certificates)
    how = KeyRotation(timedelta(hours=wish.overlap_h), certificates)
    text, row = await api_keys.rotate(house.database, key_id, how, asker=caller, now=house.clock())
    return _new(text, row)


@router.get("/v1/api-keys", operation_id="list_api_keys", summary="List the keys")
async def list_keys(
    query: Annotated[ListQuery, Query()], _caller: Manager, house: HouseOfRequest, cursors: CursorsOfRequest
) -> Page[ShownKey]:
    """Return keys, the newest first, ended ones included."""
    pager = Pager("api-keys", query, cursors)
    place = pager.place
    after = (datetime.fromisoformat(place[0]), str(place[1])) if place else None
    rows = await api_keys.page(house.database, after=after, limit=pager.fetch)
    return pager.page(rows, place=lambda row: (row.created_at, row.id), show=_shown)


@router.delete(
    "/v1/api-keys/{key_id}",
    operation_id="revoke_api_key",
    summary="End a key",
    responses=problems({404: "There is no such key: `not_found`."}),
)
async def revoke_key(key_id: str, caller: Manager, house: HouseOfRequest) -> ShownKey:
    """End a key at once, on every replica. Ending it again changes nothing."""
    return _shown(await api_keys.revoke(house.database, key_id, asker=caller, now=house.clock()))


def _new(text: str, row: KeyRow) -> NewKey:
    return NewKey(**_shown(row).model_dump(), key=None if row.certificate_alone else text)


def _shown(row: KeyRow) -> ShownKey:
    return ShownKey.model_validate(row, from_attributes=True)
