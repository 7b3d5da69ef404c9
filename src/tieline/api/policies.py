"""House rules: how tickets are handled, whom surveys ask. Read, changed, and every version there was."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.openapi import problems
from tieline.api.preconditions import IfMatch, named_tag
from tieline.api.strict_route import StrictRoute
from tieline.api.unechoed import unechoed
from tieline.domain.errors import PreconditionFailed
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import policies
from tieline.store.policy_versions import PolicyVersion

router = APIRouter(route_class=StrictRoute, tags=["Administration"])
Reader = Annotated[Caller, permit("policies.read")]
Editor = Annotated[Caller, permit("policies.edit")]
Kind = Annotated[str, Path(max_length=40, description="Which rules.", examples=["surveys"])]
MOST = 100
_NONE = {404: "There are no rules of this kind: `not_found`."}


class WrittenPolicy(BaseModel):
    """The rules, as the section of the apply file of the same name."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"definition": {"quiet_hours": "20:00-09:00"}}]}
    )

    definition: Annotated[dict[str, Any], Field(max_length=100)]


class ShownPolicy(BaseModel):
    """One version. 0: nobody wrote any, the usual rules hold. Name its `ETag` in `If-Match` when you change it."""

    model_config = ConfigDict(frozen=True)

    kind: str
    version: int
    definition: Mapping[str, Any]
    created_at: datetime | None
    created_by: str | None


class PolicyVersions(BaseModel):
    """Versions, the newest first."""

    model_config = ConfigDict(frozen=True)

    items: Sequence[ShownPolicy]


@router.get("/v1/policies/{kind}", operation_id="get_policy", summary="Which house rules hold?", responses=problems(_NONE))
async def get_policy(kind: Kind, _caller: Reader, house: HouseOfRequest, response: Response) -> ShownPolicy:
    """Return the rules that hold, with their version."""
    return _tagged(response, kind, await policies.read(house, kind))


@router.get(
    "/v1/policies/{kind}/versions",
    operation_id="list_policy_versions",
    summary="Every version of the house rules",
    responses=problems(_NONE),
)
async def list_versions(kind: Kind, _caller: Reader, house: HouseOfRequest) -> PolicyVersions:
    """Return the last hundred versions, the newest first: who wrote them, when, and what they said."""
    found = await policies.versions(house, kind, limit=MOST)
    return PolicyVersions(items=[_shown(one) for one in found])


@router.put(
    "/v1/policies/{kind}",
    operation_id="put_policy",
    summary="Change the house rules",
    responses=problems(
        {
            **_NONE,
            403: "A second person refused it: `second_person_refused`; `forbidden`, `scope_missing`.",
            409: "Rules of kind `access` would take less away, and somebody else approves that first: `second_person_required`, "
            "with `approval`; see `/v1/approvals`. It was approved, and used meanwhile: `approval_over`.",
            412: "They changed since you read them: `precondition_failed`.",
            422: "They do not fit: `policy_invalid`, `connection_unknown`; or the request does not: `field_unknown` …",
            428: "`If-Match` is missing: `precondition_required`.",
        }
    ),
)
async def put_policy(
    kind: Kind, written: WrittenPolicy, caller: Editor, house: HouseOfRequest, response: Response, if_match: IfMatch = None
) -> ShownPolicy:
    """Put rules into use, as a new version. The same rules again are the same version."""
    tag = named_tag(if_match)
    if not tag.isdecimal():
        raise PreconditionFailed
    with unechoed(written.definition):
        kept = await policies.write(house, kind, written.definition, seen=int(tag), by=caller)
    return _tagged(response, kind, kept)


def _tagged(response: Response, kind: str, found: PolicyVersion | None) -> ShownPolicy:
    response.headers["ETag"] = f'"{found.version if found else policies.NONE_YET}"'
    if found is None:
        return ShownPolicy(kind=kind, version=policies.NONE_YET, definition={}, created_at=None, created_by=None)
    return _shown(found)


def _shown(one: PolicyVersion) -> ShownPolicy:
    return ShownPolicy(**{name: getattr(one, name) for name in ShownPolicy.model_fields})
