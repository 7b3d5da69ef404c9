"""Customers and what every connected system holds of them, for integrations and for those who may search."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.calls import ShownCall
from tieline.api.house import CursorsOfRequest, HouseOfRequest
from tieline.api.lists import ListQuery, Page
from tieline.api.openapi import problems
from tieline.api.paging import Pager
from tieline.api.strict_route import StrictRoute
from tieline.domain.customer_query import CustomerQuery
from tieline.domain.errors import NotFound
from tieline.domain.narrowing import Narrowed
from tieline.domain.references import ExternalRef
from tieline.domain.screen_pop import BlockState, ShownCustomer
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.security.reveal import Reason, RevealField
from tieline.services.customers import reading, reveal

router = APIRouter(route_class=StrictRoute, tags=["Customers"])

Reader = Annotated[Caller, permit("customers.read")]
Searcher = Annotated[Caller, permit("customer.search")]
Reference = Annotated[str, Path(max_length=300, description="Connection and the vendor's id.", examples=["crm:LC-1001"])]
_ONE = problems(
    {
        403: "An agent who has no call with this customer: `customer_not_in_call`; or `forbidden`, `scope_missing`.",
        404: "No such system, or no such customer in it: `not_found`.",
    }
)
_NO_SYSTEM = problems({404: "No such connection in `external`: `not_found`."})


class SourceState(BaseModel):
    """How one system answered. A system that is slow or down is a state here, never an error."""

    model_config = ConfigDict(frozen=True)

    state: BlockState
    as_of: datetime | None = None
    took_ms: int | None = None
    error: str | None = None
    truncated: bool = False


Less = Annotated[Sequence[Narrowed], Field(description="What is taken away from what the asker's role sees, and by whose word.")]
Sources = Annotated[Mapping[str, SourceState], Field(description="By connection.")]


class ShownProfile(ShownCustomer):
    """One person across systems, as the asker may see them."""

    refs: Annotated[Sequence[str], Field(description="Every record of the same person, the most trusted first.")] = ()


class FoundCustomers(BaseModel):
    """Who fits. `next` is always null: a number or an address names few."""

    model_config = ConfigDict(frozen=True)

    items: Sequence[ShownProfile]
    next: str | None = None
    sources: Sources
    narrowed: Less = ()


class OneCustomer(BaseModel):
    """One person; null while their system does not answer."""

    model_config = ConfigDict(frozen=True)

    customer: ShownProfile | None
    sources: Sources
    narrowed: Less = ()


class FoundRecords(BaseModel):
    """Records of one kind, in the fields of our model, masked by role."""

    model_config = ConfigDict(frozen=True)

    items: Sequence[Mapping[str, Any]]
    next: str | None = None
    sources: Sources
    narrowed: Less = ()


class OneOrder(BaseModel):
    """One order, live; null while its system does not answer."""

    model_config = ConfigDict(frozen=True)

    item: Mapping[str, Any] | None
    source: SourceState


@router.get("/v1/customers", operation_id="find_customers", summary="Find a customer", responses=_NO_SYSTEM)
async def find_customers(query: Annotated[CustomerQuery, Query()], caller: Searcher, house: HouseOfRequest) -> FoundCustomers:
    """Search every system that can be asked this way, and return the people who really fit. For those who may search."""
    return FoundCustomers.model_validate(await reading.search(house.desk, query, caller=caller))


@router.get("/v1/customers/{ref}", operation_id="get_customer", summary="Read a customer across systems", responses=_ONE)
async def get_customer(ref: Reference, caller: Reader, house: HouseOfRequest) -> OneCustomer:
    """Return one profile out of every system's record of the same person."""
    return OneCustomer.model_validate(await reading.read(house.desk, _reference(ref), caller=caller))


@router.get("/v1/customers/{ref}/interactions", operation_id="list_interactions", summary="A customer's calls", responses=_ONE)
async def list_interactions(
    ref: Reference,
    query: Annotated[ListQuery, Query()],
    caller: Reader,
    house: HouseOfRequest,
    cursors: CursorsOfRequest,
) -> Page[ShownCall]:
    """Return the calls with a customer, newest first."""
    pager = Pager(f"interactions {ref}", query, cursors)
    calls = await reading.interactions(house.desk, _reference(ref), before=pager.after, limit=pager.fetch, caller=caller)
    return pager.page(calls, place=lambda call: (call["started_at"], call["id"]), show=ShownCall.model_validate)


async def list_orders(ref: Reference, caller: Reader, house: HouseOfRequest) -> FoundRecords:
    """Ask every system that holds orders now; `sources` says as of when each answered."""
    return await _records(house, ref, "order", caller)


async def list_tickets(ref: Reference, caller: Reader, house: HouseOfRequest) -> FoundRecords:
    """Ask every system that holds tickets now; `sources` says as of when each answered."""
    return await _records(house, ref, "ticket", caller)


async def list_invoices(ref: Reference, caller: Reader, house: HouseOfRequest) -> FoundRecords:
    """Ask every system that holds invoices now; `sources` says as of when each answered."""
    return await _records(house, ref, "invoice", caller)


async def list_contracts(ref: Reference, caller: Reader, house: HouseOfRequest) -> FoundRecords:
    """Ask every system that holds contracts now; `sources` says as of when each answered."""
    return await _records(house, ref, "contract", caller)


for _kind, _endpoint in (
    ("orders", list_orders),
    ("tickets", list_tickets),
    ("invoices", list_invoices),
    ("contracts", list_contracts),
):
    router.add_api_route(
        f"/v1/customers/{{ref}}/{_kind}",
        _endpoint,
        operation_id=f"list_customer_{_kind}",
        summary=f"A customer's {_kind}",
        responses=_ONE,
    )


async def _records(house: HouseOfRequest, ref: str, record: str, caller: Caller) -> FoundRecords:
    return FoundRecords.model_validate(await reading.records_of(house.desk, _reference(ref), record, caller=caller))


@router.get(
    "/v1/orders/{connection}/{number}",
    operation_id="get_order",
    summary="Read an order",
    responses=problems({404: "No such system, or no such order in it: `not_found`."}),
)
async def get_order(
    connection: Annotated[str, Path(max_length=60, examples=["erp"])],
    number: Annotated[str, Path(max_length=100, examples=["SO-20261001"])],
    caller: Searcher,
    house: HouseOfRequest,
) -> OneOrder:
    """Return one order by its number as its system has it now."""
    return OneOrder.model_validate(await reading.order(house.desk, connection, number, caller=caller))


class RevealWish(BaseModel):
    """Which field, and why."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"field": "phones", "reason": "callback"}]}
    )

    field: RevealField
    reason: Reason


class Revealed(BaseModel):
    """One field as the systems have it."""

    model_config = ConfigDict(frozen=True)

    field: RevealField
    value: str | Sequence[str] | None
    sources: Sources


@router.post(
    "/v1/customers/{ref}/reveal",
    operation_id="reveal_customer_field",
    summary="Have one masked field shown",
    responses=_ONE
    | problems(
        {
            403: "Not for this role: `field_not_revealed`; `customer_not_in_call`, `forbidden`, `scope_missing`. "
            "Refused by a second person: `second_person_refused`.",
            401: "Nobody we know: `auth_failed`. The field is sensitive, and the last sign-in too long ago: `step_up_required`; "
            "`WWW-Authenticate` says within how many seconds (RFC 9470). People do it at `/desk/sign-in/step-up`.",
            409: "The field is sensitive, and somebody else approves it first: `second_person_required`, with `approval`; see "
            "`/v1/approvals`. It was approved, and used meanwhile: `approval_over`.",
            429: "More than thirty fields in the last hour: `rate_limited`.",
        }
    ),
)
async def reveal_field(
    ref: Reference, wish: RevealWish, caller: Annotated[Caller, permit("customers.reveal")], house: HouseOfRequest
) -> Revealed:
    """Show one field of one customer in full. Who, which, of whom and why is in the audit before it is shown."""
    told = await reveal.reveal(house.desk, _reference(ref), wish.field, wish.reason, caller=caller)
    return Revealed.model_validate(told)


def _reference(text: str) -> ExternalRef:
    try:
        return ExternalRef.parse(text)
    except ValueError as exc:
        raise NotFound from exc
