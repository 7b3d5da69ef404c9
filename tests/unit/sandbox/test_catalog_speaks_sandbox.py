"""The catalog's connectors against the simulated systems, over real sockets: what they find, and how they fail."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from tieline.connectors.connection import VendorConnection, open_connection
from tieline.connectors.contract import CAPABILITIES, Result
from tieline.connectors.registry import Catalog
from tieline.domain import errors
from tieline.domain.account import Account
from tieline.domain.customer import Customer
from tieline.domain.line import Line
from tieline.domain.order import Order
from tieline.domain.phone_normalise import normalise
from tieline.domain.references import ExternalRef
from tieline.domain.ticket import Ticket
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.mapping.book import load_book
from tieline.sandbox.launch import build_systems, serving
from tieline.security.egress import Egress

LINE = Line(number="+861065543800", name="Support", country="CN")
CONNECTORS = {"crm": "lotus_crm", "erp": "bamboo_erp", "helpdesk": "willow_helpdesk", "pbx": "heron_pbx"}
MODELS = {"customer": Customer, "order": Order, "ticket": Ticket, "account": Account}


class Place:
    """The sandbox on its sockets: a connection to each system that is asked for, and a way to turn its knobs."""

    def __init__(self, systems: Mapping[str, Mapping[str, str]], client: httpx.AsyncClient) -> None:
        self.urls = {name: system["url"] for name, system in systems.items()}
        self.client = client
        self.opened: dict[str, VendorConnection] = {}
        self._systems = systems

    def connection(self, system: str) -> VendorConnection:
        if system not in self.opened:
            self.opened[system] = open_to(system, self._systems[system])
        return self.opened[system]

    async def turn(self, system: str, **knobs: Any) -> None:  # noqa: ANN401 - whatever the knobs take
        (await self.client.put(f"{self.urls[system]}/_knobs", json=knobs)).raise_for_status()

    async def run(self, system: str, operation: str, **inputs: str) -> Result:
        given: dict[str, Any] = {name: normalise(text, line=LINE) if name == "phone" else text for name, text in inputs.items()}
        return await self.connection(system).run(operation, deadline=Deadline.after(5), **given)

    async def ask(self, system: str, operation: str, **inputs: str) -> list[Any]:
        """Return canonical models."""
        result = await self.run(system, operation, **inputs)
        kind = CAPABILITIES[operation].record
        mapping = load_book(self.connection(system).connector.mapping_file)[kind]
        fields = [mapping.read(record) for record in result.records]
        return [MODELS[kind](ref=ExternalRef(connection=system, kind=kind, id=one.pop("id")), **one) for one in fields]


@pytest.fixture(scope="module")
async def systems() -> AsyncIterator[dict[str, dict[str, str]]]:
    async with serving(build_systems(crowd_size=60), {}) as systems:
        yield systems


@pytest.fixture
async def place(systems: dict[str, dict[str, str]]) -> AsyncIterator[Place]:
    async with httpx.AsyncClient(trust_env=False) as client:
        place = Place(systems, client)
        yield place
        for system, connection in place.opened.items():
            await connection.aclose()
            await place.turn(system)
            await client.delete(f"{place.urls[system]}/_seen")


def open_to(name: str, place: Mapping[str, str]) -> VendorConnection:
    connector = Catalog().find(CONNECTORS[name])
    given = {"base_url": place["url"], **place}
    fields = connector.manifest.config
    return open_connection(
        name,
        connector,
        config={field: given[field] for field, form in fields.items() if not form.secret},
        secrets={field: given[field] for field, form in fields.items() if form.secret},
        clock=utc_now,
        egress=Egress.parse(f"127.0.0.1=127.0.0.1/32:{place['url'].rpartition(':')[2]}"),
    )


@pytest.mark.parametrize("system", CONNECTORS)
async def test_each_system_takes_our_credentials(place: Place, system: str) -> None:
    assert (await place.run(system, "system.ping")).outcome == "ok"


async def test_one_person_in_three_systems(place: Place) -> None:
    found = {system: await place.ask(system, "customer.find", phone="+8613800138000") for system in ("crm", "erp", "helpdesk")}
    assert {system: [customer.name for customer in customers] for system, customers in found.items()} == {
        "crm": ["张桂兰"],
        "erp": ["张桂兰"],
        "helpdesk": ["张桂兰"],
    }
    assert [customer.tier for customer in (*found["crm"], *found["erp"])] == ["high_value", "high_value"]
    assert len({customer.ref.id for customers in found.values() for customer in customers}) == 3


@pytest.mark.parametrize("system", ["crm", "erp", "helpdesk"])
@pytest.mark.parametrize(
    ("phone", "names"),
    [
        ("+8613800138001", ["王芳", "陈志强"]),
        ("+8613800138002", ["李娜"]),
        ("+8613900000000", []),
        ("+493023125833", ["Jürgen Weiß-O'Neill"]),
        ("010-8520 1000", ["北京青竹科技有限公司", "赵敏", "钱进"]),
    ],
)
async def test_every_system_answers_for_the_same_number(place: Place, system: str, phone: str, names: list[str]) -> None:
    assert [customer.name for customer in await place.ask(system, "customer.find", phone=phone)] == names


@pytest.mark.parametrize("system", ["crm", "erp", "helpdesk"])
async def test_what_comes_back_carries_the_number_that_was_asked_for(place: Place, system: str) -> None:
    for phone in ("+8613800138000", "+8613800138008", "+8613800138004"):
        for customer in await place.ask(system, "customer.find", phone=phone):
            assert phone in {normalise(written, line=LINE).e164 for written in customer.phones}


async def test_orders_tickets_and_account_of_the_known_customer(place: Place) -> None:
    orders = await place.ask("erp", "order.list", phone="+8613800138000")
    tickets = await place.ask("helpdesk", "ticket.list", phone="+8613800138000")
    (account,) = await place.ask("erp", "account.get", phone="+8613800138000")
    assert [(order.number, order.status, str(order.total.amount)) for order in orders] == [
        ("SO-20261001", "shipped", "2897.00"),
        ("SO-20261002", "refunding", "329.00"),
        ("SO-20260877", "completed", "558.00"),
    ]
    assert [(ticket.number, ticket.status, ticket.priority) for ticket in tickets] == [
        ("8841", "in_progress", "high"),
        ("8790", "closed", "normal"),
    ]
    assert (account.level, account.points, str(account.balance.amount)) == ("钻石会员", 12800, "350.00")


async def test_of_a_shared_number_the_orders_of_one(place: Place) -> None:
    both = await place.ask("erp", "order.list", phone="+8613800138001")
    she = (await place.ask("erp", "customer.find", phone="+8613800138001"))[0]
    hers = await place.ask("erp", "order.list", phone="+8613800138001", customer_id=she.ref.id)
    assert ([order.number for order in both], [order.number for order in hers]) == (
        ["SO-20261010", "SO-20261011"],
        ["SO-20261010"],
    )


@pytest.mark.parametrize(
    ("knobs", "error"),
    [
        ({"status": 503}, errors.VendorUnavailable),
        ({"error_rate": 1}, errors.VendorUnavailable),
        ({"bad_json": True}, errors.VendorUnavailable),
        ({"empty": True}, errors.VendorUnavailable),
        ({"throttle": 7}, errors.VendorThrottled),
    ],
)
@pytest.mark.parametrize("system", ["crm", "erp", "helpdesk"])
async def test_a_broken_system_is_never_taken_for_nobody_known(
    place: Place, system: str, knobs: dict[str, Any], error: type[errors.ConnectorError]
) -> None:
    await place.run(system, "customer.find", phone="+8613800138000")
    await place.turn(system, **knobs)
    with pytest.raises(error) as caught:
        await place.run(system, "customer.find", phone="+8613800138000")
    assert caught.value.retry_after_s == (7.0 if "throttle" in knobs else None)


@pytest.mark.parametrize("system", ["crm", "erp", "helpdesk"])
async def test_a_hanging_system_costs_the_deadline_and_no_more(place: Place, system: str) -> None:
    await place.run(system, "customer.find", phone="+8613800138000")
    await place.turn(system, hang=True)
    caller = normalise("+8613800138000", line=LINE)
    deadline = Deadline.after(0.2)
    with pytest.raises(errors.VendorTimeout):
        await place.connection(system).run("customer.find", deadline=deadline, phone=caller)
    assert deadline.remaining_s() < 0.05


async def test_a_token_that_was_ended_is_renewed_unseen(place: Place) -> None:
    await place.run("crm", "customer.find", phone="+8613800138000")
    await place.client.delete(f"{place.urls['crm']}/oauth/tokens")
    assert (await place.run("crm", "customer.find", phone="+8613800138000")).outcome == "ok"
    seen = (await place.client.get(f"{place.urls['crm']}/_seen")).json()
    assert (seen["POST /oauth/token"], seen["GET /v2/contacts"]) == (2, 3)


async def test_a_search_turns_pages_and_says_when_it_stops_early(place: Place) -> None:
    some = await place.run("crm", "customer.search", name="司马")
    everybody = await place.run("crm", "customer.search", name="")
    assert (some.pages, some.truncated) == (1, False)
    assert (everybody.pages, len(everybody.records), everybody.truncated) == (3, 30, True)


async def test_a_ticket_is_written_once_however_often_it_is_sent(place: Place) -> None:
    desk = place.connection("helpdesk")
    mapping = load_book(desk.connector.mapping_file)["ticket"]
    record = mapping.write({"subject": "来电：换货", "priority": "high", "category": "产品质量"}, current=None, is_new=True)
    made = [
        await desk.run("ticket.create", deadline=Deadline.after(5), record=record, customer_id="900000", idempotency_key="op-1")
        for _ in range(2)
    ]
    (ticket,) = await place.ask("helpdesk", "ticket.get", ticket_id=str(made[0].external_id))
    assert made[0].external_id == made[1].external_id
    assert (ticket.subject, ticket.priority, ticket.status) == ("来电：换货", "high", "new")


async def test_an_order_is_stopped_once_and_too_late_is_told(place: Place) -> None:
    hold = {"order_id": "SO-20261020", "text": "客户来电", "idempotency_key": "op-1"}
    assert [(await place.run("erp", "order.hold", **hold)).external_id for _ in range(2)] == ["SO-20261020"] * 2
    with pytest.raises(errors.VendorDuplicate):
        await place.run("erp", "order.hold", **hold | {"idempotency_key": "op-2"})
    with pytest.raises(errors.VendorRejected):
        await place.run("erp", "order.hold", **hold | {"order_id": "SO-20260877"})
