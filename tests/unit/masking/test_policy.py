"""Who sees what of a pop: the catalogue, the matrix of roles, and nothing that neither knows (rule book for privacy 5.3, P01)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from tieline.domain.account import Account
from tieline.domain.customer import Customer
from tieline.domain.order import Order
from tieline.domain.screen_pop import (
    Action,
    Block,
    Candidate,
    Hint,
    HistoryEntry,
    Match,
    ScreenPop,
    ShownCall,
    ShownCustomer,
    ShownPhone,
)
from tieline.domain.ticket import Ticket
from tieline.security.masking_catalogue import catalogue, read_catalogue
from tieline.security.masking_policy import Policy
from tieline.security.roles import role_table

POLICY = Policy()
CANARIES = (
    "13800138000",
    "138 0013 8000",
    "张三丰",
    "110101199003071234",
    "zhang.san@example.com",
    "中关村大街1号",
    "03-07",
    "13900139000",
)
ROLES = ("agent", "senior", "supervisor", "qa", "admin", "integrator", "auditor", "dpo", "service")


def pop(*, level: int = 1) -> dict[str, Any]:
    shown = ScreenPop(
        pop_id="p1",
        call_id="c-42",
        phone=ShownPhone(e164="+8613800138000", national="138 0013 8000", kind="mobile", country="CN"),
        match=Match(state="known", confidence=0.95, reason="exact number, one person", rule="direct", identity_level=level),
        status="complete",
        customer=ShownCustomer(
            ref="crm:1",
            name="张三丰",
            tags=("老年用户", "备用13900139000"),
            phones=("+8613900139000",),
            emails=("zhang.san@example.com",),
            address="北京市海淀区中关村大街1号",
            birth_date="1990-03-07",
            id_number="110101199003071234",
            note="本人电话13900139000",
            owner="Li Wei",
        ),
        candidates=(Candidate(ref="crm:2", name="张三丰", confidence=0.6, reason="open ticket 8841", source="crm"),),
        blocks={
            "orders": Block(
                state="live",
                source="erp",
                items=(
                    {
                        "ref": {"connection": "erp", "kind": "order", "id": "1"},
                        "number": "SO-1",
                        "recipient": "张三丰",
                        "phone": "13900139000",
                        "address": "北京市海淀区中关村大街1号",
                        "summary": "致电13900139000后送",
                        "internal_margin": "12.00",
                    },
                ),
            ),
            "tickets@desk": Block(
                state="live", source="desk", items=({"number": "8841", "subject": "张先生 13900139000 报修", "status": "open"},)
            ),
            "weather": Block(state="live", source="x", items=({"name": "张三丰"},)),
        },
        history=(HistoryEntry(kind="call", at=datetime(2026, 11, 21, tzinfo=UTC), summary="回电13900139000"),),
        hints=(Hint(kind="script", text="先致歉。", because="churn_risk=high"),),
        actions=(Action(id="refund", enabled=False, because="order data is stale"),),
    )
    return shown.model_dump(mode="json")


def seen(role: str, *, level: int = 1, on_the_line: bool = True) -> dict[str, Any]:
    return POLICY.apply(role, pop(level=level), shape="screen_pop", active_call_phone=on_the_line)


def test_an_agent_sees_the_caller_on_the_line_and_everything_else_masked() -> None:
    shown = seen("agent")

    assert shown["phone"]["e164"] == "+8613800138000"
    assert shown["customer"] == {
        **pop()["customer"],
        "name": "张**",
        "tags": ["老年用户", "备用139****9000"],
        "phones": ["+86 139****9000"],
        "emails": ["z***@example.com"],
        "address": "北京市海淀区****",
        "birth_date": "1990-**-**",
        "id_number": "**************1234",
        "note": "本人电话139****9000",
    }
    assert shown["candidates"][0]["name"] == "张**"
    assert shown["history"][0]["summary"] == "回电139****9000"


def test_an_agent_sees_the_name_once_the_caller_has_proved_who_they_are() -> None:
    assert [seen("agent", level=level)["customer"]["name"] for level in (0, 1, 2, 3)] == ["张**", "张**", "张**", "张三丰"]
    assert seen("agent", level=3)["customer"]["phones"] == ["+86 139****9000"]


def test_orders_and_tickets_show_their_business_but_not_the_person() -> None:
    blocks = seen("agent")["blocks"]

    (order,) = blocks["orders"]["items"]
    assert (order["number"], order["recipient"], order["phone"], order["address"], order["summary"]) == (
        "SO-1",
        "张**",
        "139****9000",
        "北京市海淀区****",
        "致电139****9000后送",
    )
    assert blocks["tickets@desk"]["items"] == [{"number": "8841", "subject": "张先生 139****9000 报修", "status": "open"}]


def test_what_the_catalogue_does_not_know_never_gets_out() -> None:
    shown = POLICY.apply("supervisor", {**pop(), "debug": "张三丰"}, shape="screen_pop", active_call_phone=True)

    assert "debug" not in shown
    assert "internal_margin" not in shown["blocks"]["orders"]["items"][0]
    assert shown["blocks"]["weather"]["items"] == []


def test_off_the_line_the_number_is_masked_for_the_agent_too() -> None:
    assert seen("agent", on_the_line=False)["phone"]["e164"] == "+86 138****8000"
    assert seen("agent", on_the_line=False)["phone"]["national"] == "138****8000"


@pytest.mark.parametrize(
    ("role", "phone", "name", "id_number", "address"),
    [
        ("agent", "+8613800138000", "张**", "**************1234", "北京市海淀区****"),
        ("senior", "+8613800138000", "张三丰", "110101********1234", "北京市海淀区****"),
        ("supervisor", "+86 138****8000", "张三丰", "110101********1234", "北京市海淀区****"),
        ("qa", "+86 138****8000", "张**", None, "北京市海淀区****"),
        ("admin", "+86 138****8000", "张**", None, "北京市海淀区****"),
        ("auditor", "+86 138****8000", "张**", "110101********1234", "北京市海淀区****"),
        ("dpo", "+86 138****8000", "张**", "110101********1234", "北京市海淀区****"),
        ("service", "+8613800138000", "张**", None, "北京市海淀区****"),
    ],
)
def test_the_matrix_of_roles(role: str, phone: str, name: str, id_number: str | None, address: str) -> None:
    shown = seen(role)

    assert (shown["phone"]["e164"], shown["customer"]["name"], shown["customer"]["id_number"], shown["customer"]["address"]) == (
        phone,
        name,
        id_number,
        address,
    )


@pytest.mark.parametrize("role", ["integrator", "operator", "nobody", ""])
def test_who_has_no_business_with_customers_sees_none(role: str) -> None:
    shown = seen(role)

    assert (shown["customer"], shown["candidates"], shown["history"], shown["hints"]) == (None, [], [], [])
    assert shown["blocks"]["orders"]["items"] == []
    assert shown["phone"]["e164"] is None
    assert not [canary for canary in CANARIES if canary in json.dumps(shown, ensure_ascii=False)]


@pytest.mark.parametrize("role", ROLES)
def test_no_role_gets_a_whole_secondary_value_in_any_byte(role: str) -> None:
    text = json.dumps(seen(role, on_the_line=False), ensure_ascii=False)

    names_shown = {"张三丰"} if role in {"senior", "supervisor"} else set()
    assert {canary for canary in CANARIES if canary in text} == names_shown


@pytest.mark.parametrize("role", [*ROLES, "operator"])
def test_the_masked_pop_still_has_the_shape_of_the_contract(role: str) -> None:
    shown = seen(role)
    shown["blocks"].pop("weather")

    assert ScreenPop.model_validate_json(json.dumps(shown)).pop_id == "p1"


def test_masking_twice_is_masking_once() -> None:
    once = seen("agent", on_the_line=False)

    assert POLICY.apply("agent", once, shape="screen_pop", active_call_phone=False) == once


def test_a_company_keeps_its_name() -> None:
    document = {"ref": "crm:acme", "kind": "organization", "name": "云帆科技有限公司"}

    assert POLICY.apply("agent", document, shape="customer", active_call_phone=False)["name"] == "云帆科技有限公司"


def test_the_document_given_is_left_as_it_was() -> None:
    given = pop()
    POLICY.apply("agent", given, shape="screen_pop", active_call_phone=False)

    assert given == pop()


def test_values_of_the_wrong_kind_are_hidden_not_shown() -> None:
    odd = {"customer": "张三丰 13800138000", "candidates": "张三丰", "phone": ["13800138000"], "history": {"a": "张三丰"}}

    assert POLICY.apply("agent", odd, shape="screen_pop", active_call_phone=False) == {
        "customer": None,
        "candidates": [],
        "phone": None,
        "history": [],
    }
    assert (
        POLICY.apply("agent", {"phones": [13800138000, None]}, shape="customer", active_call_phone=False)["phones"][0]
        == "138****8000"
    )


@pytest.mark.parametrize(
    ("model", "entry"),
    [
        (ScreenPop, "screen_pop"),
        (ShownPhone, "shown_phone"),
        (Match, "match"),
        (ShownCustomer, "customer_card"),
        (Candidate, "candidate"),
        (Block, "block"),
        (HistoryEntry, "history_entry"),
        (Hint, "hint"),
        (Action, "action"),
        (ShownCall, "shown_call"),
        (Order, "order"),
        (Ticket, "ticket"),
        (Account, "account"),
        (Customer, "customer"),
    ],
)
def test_every_field_of_the_model_has_its_entry(model: type[BaseModel], entry: str) -> None:
    assert set(model.model_fields) - set(catalogue().objects[entry].fields) == set()


def test_every_role_people_can_have_stands_in_the_matrix() -> None:
    assert set(role_table()) <= set(catalogue().matrix)


@pytest.mark.parametrize(
    ("document", "row", "complaint"),
    [
        ({"classes": {"a": {"row": "r", "mask": "nose"}}, "objects": {}}, "r", "no mask named nose"),
        ({"classes": {"a": {"row": "x", "mask": "name"}}, "objects": {}}, "r", "no row named x"),
        ({"classes": {"a": {"row": "r", "mask": "name"}}, "objects": {"o": {"fields": {"f": "gone"}}}}, "r", "named gone"),
        ({"classes": {"a": {"row": "r", "mask": "name"}}, "objects": {"a": {"fields": {}}}}, "r", "both a class and an object"),
        ({"classes": {}, "objects": {}}, "r", "the row r is about nothing"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(document: dict[str, Any], row: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_catalogue(document, {"agent": {row: "full"}})
