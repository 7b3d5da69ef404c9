"""Who is told what happens: subscribed with a secret that is shown once, paused, given a new secret, unsubscribed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from tieline.api.house import CursorsOfRequest, HouseOfRequest
from tieline.api.ids import id_in
from tieline.api.lists import ListQuery, Page
from tieline.api.openapi import problems
from tieline.api.paging import Pager
from tieline.api.strict_route import StrictRoute
from tieline.domain.outgoing_event import EVERYTHING, FAMILIES, TOLD, subscribable
from tieline.security.declarations import permit
from tieline.security.egress import LONGEST_URL
from tieline.security.permissions import Caller
from tieline.services.subscriptions import managing
from tieline.store.subscriptions import Subscription

router = APIRouter(route_class=StrictRoute, tags=["Administration"])
Manager = Annotated[Caller, permit("subscriptions.manage")]
SubscriptionId = Annotated[str, Path(max_length=60, description="The subscription's id.")]
_NONE = {404: "There is no such subscription: `not_found`."}
_ADDRESS = {
    422: "The address may not be called: `url_forbidden`; nobody knows its server at this moment: `url_unknown`.",
}
_PATTERNS = [EVERYTHING, *(f"{family}.*" for family in FAMILIES), *TOLD]


def _known(kind: str) -> str:
    try:
        return subscribable(kind)
    except ValueError as exc:
        raise PydanticCustomError("tieline_field_value", "unknown kind of event") from exc


Kind = Annotated[str, Field(max_length=60), AfterValidator(_known), Field(json_schema_extra={"enum": _PATTERNS})]


class WishedSubscription(BaseModel):
    """Who shall be told what."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"url": "https://bi.acme.cn/tieline", "kinds": ["ticket.*", "call.ended"]}]},
    )

    url: Annotated[
        str, Field(min_length=8, max_length=LONGEST_URL, description="https, port 443, unless the operator permits it.")
    ]
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=50, description="Kinds, families (`ticket.*`) or `*`.")]


class ShownSubscription(BaseModel):
    """A subscription without its secret."""

    model_config = ConfigDict(frozen=True)

    id: str
    url: str
    kinds: Sequence[str]
    state: Annotated[
        Literal["active", "paused", "gone"],
        Field(description="`paused`: what happens waits. `gone`: it answered 410; nothing new is promised until it is resumed."),
    ]
    created_at: datetime
    created_by: str
    old_secret_until: Annotated[datetime | None, Field(description="Until then messages bear two signatures.")]


class NewSecret(ShownSubscription):
    """A subscription with a new secret, which is shown once, and never again."""

    secret: Annotated[str, Field(description="Verify messages with it, as standardwebhooks.com says.", examples=["whsec_…"])]


@router.post(
    "/v1/webhook-subscriptions",
    operation_id="create_webhook_subscription",
    summary="Have a system told what happens",
    status_code=201,
    responses=problems(_ADDRESS),
)
async def create_subscription(wish: WishedSubscription, caller: Manager, house: HouseOfRequest) -> NewSecret:
    """Tell an address, from now on, that something happened and to what; signed, and without personal data."""
    subscription, secret = await managing.subscribe(house.subscriptions, wish.url, wish.kinds, by=caller)
    return NewSecret(**_shown(subscription).model_dump(), secret=secret)


@router.get("/v1/webhook-subscriptions", operation_id="list_webhook_subscriptions", summary="Who is told what happens?")
async def list_subscriptions(
    query: Annotated[ListQuery, Query()], _caller: Manager, house: HouseOfRequest, cursors: CursorsOfRequest
) -> Page[ShownSubscription]:
    """Return subscriptions, the newest first."""
    pager = Pager("webhook-subscriptions", query, cursors)
    found = await managing.page(house.subscriptions, after=pager.after, limit=pager.fetch)
    return pager.page(found, place=lambda one: (one.created_at, one.id), show=_shown)


@router.get(
    "/v1/webhook-subscriptions/{subscription_id}",
    operation_id="get_webhook_subscription",
    summary="Read one subscription",
    responses=problems(_NONE),
)
async def get_subscription(subscription_id: SubscriptionId, _caller: Manager, house: HouseOfRequest) -> ShownSubscription:
    """Return one subscription."""
    return _shown(await managing.find(house.subscriptions, id_in(subscription_id)))


@router.delete(
    "/v1/webhook-subscriptions/{subscription_id}",
    operation_id="delete_webhook_subscription",
    summary="Tell a system nothing any more",
    status_code=204,
    responses=problems(_NONE),
)
async def delete_subscription(subscription_id: SubscriptionId, caller: Manager, house: HouseOfRequest) -> None:
    """End it at once; what was on its way is withdrawn."""
    await managing.unsubscribe(house.subscriptions, id_in(subscription_id), by=caller)


@router.post(
    "/v1/webhook-subscriptions/{subscription_id}/pause",
    operation_id="pause_webhook_subscription",
    summary="Tell a system nothing for now",
    responses=problems(_NONE),
)
async def pause_subscription(subscription_id: SubscriptionId, caller: Manager, house: HouseOfRequest) -> ShownSubscription:
    """Hold everything back until it is resumed. Doing it again changes nothing."""
    return _shown(await managing.pause(house.subscriptions, id_in(subscription_id), by=caller))


@router.post(
    "/v1/webhook-subscriptions/{subscription_id}/resume",
    operation_id="resume_webhook_subscription",
    summary="Tell a system again",
    responses=problems(_NONE),
)
async def resume_subscription(subscription_id: SubscriptionId, caller: Manager, house: HouseOfRequest) -> ShownSubscription:
    """Send what waited, each object's events in order, and what happens from now on."""
    return _shown(await managing.resume_telling(house.subscriptions, id_in(subscription_id), by=caller))


@router.post(
    "/v1/webhook-subscriptions/{subscription_id}/change-secret",
    operation_id="change_webhook_secret",
    summary="Sign with a new secret",
    responses=problems(_NONE | {409: "It was changed within a day, and both still sign: `secret_overlap`."}),
)
async def change_secret(subscription_id: SubscriptionId, caller: Manager, house: HouseOfRequest) -> NewSecret:
    """Make a new secret and show it, this once. For a day messages bear a signature by each of the two."""
    subscription, secret = await managing.change_secret(house.subscriptions, id_in(subscription_id), by=caller)
    return NewSecret(**_shown(subscription).model_dump(), secret=secret)


def _shown(subscription: Subscription) -> ShownSubscription:
    return ShownSubscription(
        id=str(subscription.id),
        url=subscription.url,
        kinds=subscription.kinds,
        state=subscription.state,
        created_at=subscription.created_at,
        created_by=subscription.created_by,
        old_secret_until=subscription.old_secret_until,
    )
