"""The catalog's Tryton connector against a real Tryton: who is calling, and what they ordered."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from tests.live.tryton_books import Books

from tieline.connectors.connection import VendorConnection, open_connection
from tieline.connectors.contract import CAPABILITIES
from tieline.connectors.registry import Catalog
from tieline.domain.customer import Customer
from tieline.domain.errors import VendorMisconfigured
from tieline.domain.line import Line
from tieline.domain.order import Order
from tieline.domain.phone_normalise import normalise
from tieline.domain.references import ExternalRef
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.mapping.book import load_book
from tieline.security.egress import Egress

pytestmark = pytest.mark.live
LINE = Line(number="+861065543800", name="Support", country="CN")


def connection_to(books: Books) -> VendorConnection:
    port = books.address.base_url.rpartition(":")[2]
    return open_connection(
        "erp",
        Catalog().find("tryton"),
        config={"base_url": books.address.base_url, "database": books.address.database},
        secrets={"api_key": books.api_key},
        clock=utc_now,
        egress=Egress.parse(f"127.0.0.1=127.0.0.1/32:{port}"),
    )


@pytest.fixture(scope="session")
async def erp(tryton: Books) -> AsyncIterator[VendorConnection]:
    connection = connection_to(tryton)
    yield connection
    await connection.aclose()


async def asked(erp: VendorConnection, operation: str, **inputs: str) -> list[dict[str, Any]]:
    """Ask and translate; `phone` is read as the door would read it."""
    given: dict[str, Any] = {name: normalise(text, line=LINE) if name == "phone" else text for name, text in inputs.items()}
    result = await erp.run(operation, deadline=Deadline.after(10), **given)
    mapping = load_book(erp.connector.mapping_file)[CAPABILITIES[operation].record]
    return [mapping.read(record) for record in result.records]


async def test_a_real_party_is_found_by_its_number(erp: VendorConnection, tryton: Books) -> None:
    (found,) = await asked(erp, "customer.find", phone="+8613800138000")
    customer = Customer(ref=ExternalRef(connection="erp", id=found.pop("id")), **found)
    assert (customer.ref.id, customer.name) == (str(tryton.parties["张桂兰"]), "张桂兰")
    assert (customer.phones, customer.emails) == (("+86 138 0013 8000",), ("zhang.guilan@mail.example",))
    assert (customer.city, customer.address, customer.postal_code) == ("北京", "望京西路 48 号", "100102")
    assert customer.registered_at is not None
    assert customer.merged_into is None


@pytest.mark.parametrize("spelled", ["138 0013 8000", "0086-138-0013-8000", "（138）00138000", "013800138000"])
async def test_however_the_pbx_spells_it(erp: VendorConnection, spelled: str) -> None:
    assert [found["name"] for found in await asked(erp, "customer.find", phone=spelled)] == ["张桂兰"]


async def test_a_number_kept_without_its_country_is_found_too(erp: VendorConnection) -> None:
    (found,) = await asked(erp, "customer.find", phone="+8613800138002")
    assert (found["name"], found["phones"]) == ("李娜", ("13800138002",))


async def test_two_parties_share_a_number(erp: VendorConnection) -> None:
    found = await asked(erp, "customer.find", phone="13800138001")
    assert sorted(customer["name"] for customer in found) == ["王芳", "陈志强"]


async def test_a_caller_from_abroad(erp: VendorConnection) -> None:
    assert [found["name"] for found in await asked(erp, "customer.find", phone="+493023125833")] == ["Jürgen Weiß-O'Neill"]


async def test_nobody_has_the_number(erp: VendorConnection) -> None:
    assert await asked(erp, "customer.find", phone="+8613900000000") == []


async def test_real_sales_orders_newest_first(erp: VendorConnection, tryton: Books) -> None:
    found = await asked(erp, "order.list", customer_id=str(tryton.parties["张桂兰"]))
    orders = [Order(ref=ExternalRef(connection="erp", kind="order", id=order.pop("id")), **order) for order in found]
    assert [(order.number, order.status, order.total and order.total.model_dump(), order.summary) for order in orders] == [
        ("WEB-1002", "draft", {"amount": "329.00", "currency": "CNY"}, "恒温电水壶"),
        ("1", "processing", {"amount": "2897.00", "currency": "CNY"}, "空气净化器 X3、HEPA 滤芯"),
    ]
    assert [order.ref.id for order in orders] == [str(tryton.sales["WEB-1002"]), str(tryton.sales["WEB-1001"])]


async def test_one_order_by_its_number(erp: VendorConnection) -> None:
    (order,) = await asked(erp, "order.get", number="1")
    assert (order["status"], order["recipient"], order["address"]) == ("processing", "张桂兰", "望京西路 48 号")


async def test_a_party_without_sales_has_none(erp: VendorConnection, tryton: Books) -> None:
    assert await asked(erp, "order.list", customer_id=str(tryton.parties["王芳"])) == []


async def test_a_party_by_id(erp: VendorConnection, tryton: Books) -> None:
    assert [found["name"] for found in await asked(erp, "customer.get", customer_id=str(tryton.parties["王芳"]))] == ["王芳"]
    assert await asked(erp, "customer.get", customer_id="999999") == []


async def test_a_party_that_was_replaced_names_its_survivor_and_is_not_found_by_number(
    erp: VendorConnection, tryton: Books
) -> None:
    (replaced,) = await asked(erp, "customer.get", customer_id=str(tryton.parties["王芳, replaced"]))
    assert replaced["merged_into"] == str(tryton.parties["王芳"])
    assert await asked(erp, "customer.find", phone="+8613800138095") == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"api_key": "0" * 128}, "credentials"), ({"database": "nosuch"}, "404")],
)
async def test_a_wrong_key_or_database_is_told_apart_from_nobody(tryton: Books, wrong: dict[str, str], told: str) -> None:
    address = replace(tryton.address, database=wrong.get("database", tryton.address.database))
    connection = connection_to(replace(tryton, address=address, api_key=wrong.get("api_key", tryton.api_key)))
    try:
        with pytest.raises(VendorMisconfigured, match=told):
            await connection.run("customer.find", deadline=Deadline.after(10), phone=normalise("+8613800138000", line=LINE))
    finally:
        await connection.aclose()
