"""The ERP: HTTP 200 whatever happens, and the truth in `code`."""

import httpx
import pytest

from tieline.sandbox.bamboo_records import ORDER_WORDS, national_form


@pytest.mark.parametrize("mobile", ["13800138000", "138 0013 8000", "+8613800138000"])
async def test_orders_are_found_by_number(erp: httpx.AsyncClient, mobile: str) -> None:
    answer = (await erp.get("/openapi/order/query", params={"mobile": mobile})).json()
    assert answer["code"] == "0"
    assert [(order["orderNo"], order["orderStatus"], order["totalAmount"]) for order in answer["data"]["list"]] == [
        ("SO-20261001", "已发货", "2897.00"),
        ("SO-20261002", "退款中", "329.00"),
        ("SO-20260877", "已完成", "558.00"),
    ]


async def test_times_are_shanghai_wall_time(erp: httpx.AsyncClient) -> None:
    order = (await erp.get("/openapi/order/detail", params={"orderNo": "SO-20261001"})).json()["data"]
    # Thirty hours before 10:00 in Shanghai.
    assert order["createTime"] == "2026-11-21 04:00:00"


async def test_pages_are_numbered(erp: httpx.AsyncClient) -> None:
    first = (await erp.get("/openapi/order/query", params={"mobile": "13800138000", "pageSize": "2"})).json()["data"]
    second = (await erp.get("/openapi/order/query", params={"mobile": "13800138000", "pageSize": "2", "pageNo": "2"})).json()[
        "data"
    ]
    assert (first["pages"], len(first["list"]), [order["orderNo"] for order in second["list"]]) == (2, 2, ["SO-20260877"])


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        ("/openapi/order/query", {}, "40001"),
        ("/openapi/order/query", {"memberNo": "M1"}, "20404"),
        ("/openapi/order/detail", {"orderNo": "SO-none"}, "20404"),
        ("/openapi/nothing", {}, "40400"),
    ],
)
async def test_errors_come_with_status_200(erp: httpx.AsyncClient, path: str, parameters: dict[str, str], code: str) -> None:
    answer = await erp.get(path, params=parameters)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (200, code, None)


async def test_a_wrong_key_comes_with_status_200_too(erp: httpx.AsyncClient) -> None:
    answer = await erp.get("/openapi/ping", headers={"X-Bamboo-Key": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (200, "40101")


async def test_members_and_accounts(erp: httpx.AsyncClient) -> None:
    (member,) = (await erp.get("/openapi/member/query", params={"mobile": "13800138000"})).json()["data"]["list"]
    (account,) = (await erp.get("/openapi/account/query", params={"memberNo": member["memberNo"]})).json()["data"]["list"]
    assert (member["mobile"], member["levelName"], account["points"], account["balanceFen"], account["creditLimit"]) == (
        "13800138000",
        "钻石会员",
        "12800",
        35000,
        "5000.00",
    )


async def test_a_hold_is_placed_once_per_request_number(erp: httpx.AsyncClient) -> None:
    wish = {"orderNo": "SO-20261020", "reason": "客户来电要求暂停", "requestNo": "r-1"}
    first, again = [(await erp.post("/openapi/refund/hold", json=wish)).json() for _ in range(2)]
    other = (await erp.post("/openapi/refund/hold", json=wish | {"requestNo": "r-2"})).json()
    assert (first["data"]["holdFlag"], first, other["code"]) == ("1", again, "30001")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not json", "40001"),
        (b"[]", "40001"),
        (b'{"orderNo": "SO-20261001", "reason": "x"}', "40001"),
        (b'{"orderNo": "SO-20260877", "reason": "x", "requestNo": "r"}', "30005"),
        (b'{"orderNo": "SO-none", "reason": "x", "requestNo": "r"}', "20404"),
    ],
)
async def test_a_hold_can_be_refused(erp: httpx.AsyncClient, body: bytes, code: str) -> None:
    assert (await erp.post("/openapi/refund/hold", content=body)).json()["code"] == code


def test_each_state_has_its_own_word() -> None:
    assert len(set(ORDER_WORDS.values())) == len(ORDER_WORDS) == 9


@pytest.mark.parametrize(
    ("written", "national"),
    [("+86 138 0013 8000", "13800138000"), ("010-6554 3900", "01065543900"), ("0049 30 23125833", "00493023125833")],
)
def test_national_form(written: str, national: str) -> None:
    assert national_form(written) == national
