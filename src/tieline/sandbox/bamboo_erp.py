"""Bamboo ERP and order desk: every answer is HTTP 200; what it means stands in `code`, a text that is "0" when all is well.

An API key in `X-Bamboo-Key`, status words in Chinese, local times without a zone (Asia/Shanghai), amounts now as text in yuan,
now as whole fen, people found by the national form of their number.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tieline.sandbox.access import ACCESS
from tieline.sandbox.bamboo_records import account_record, member_number, member_record, order_record
from tieline.sandbox.population import Order, OrderState, Person
from tieline.sandbox.world import World

_HOLDABLE: Final[frozenset[OrderState]] = frozenset(("placed", "paid", "processing", "refunding"))
_PAGE_CAP: Final = 20


_REFUSALS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("40001", "缺少必填参数"),
    "unknown": ("20404", "记录不存在"),
    "wrong_key": ("40101", "API Key 无效或已停用"),
    "wrong_state": ("30005", "订单状态不允许此操作"),
    "already_held": ("30001", "订单已冻结，请勿重复提交"),
    "no_route": ("40400", "接口不存在"),
    "wrong_method": ("40500", "请求方式错误"),
}


class _Refused(Exception):
    """One of `_REFUSALS`, by its key."""


class BambooFaults:
    """How Bamboo says that it failed or is asked too often: with HTTP 200."""

    def failed(self) -> Response:
        """Return the envelope of an internal error."""
        return _envelope(None, "50000", "系统繁忙，请稍后再试")

    def throttled(self, wait_s: int) -> Response:
        """Return the envelope of a refused call; the wait stands in the data."""
        return _envelope({"retryAfter": wait_s}, "42900", "调用过于频繁")


def bamboo_erp(world: World) -> Starlette:
    """Return the ERP as an ASGI application."""
    erp = _Bamboo(world)
    return Starlette(
        routes=[
            Route("/openapi/ping", erp.ping),
            Route("/openapi/member/query", erp.members),
            Route("/openapi/order/query", erp.orders),
            Route("/openapi/order/detail", erp.order),
            Route("/openapi/account/query", erp.account),
            Route("/openapi/refund/hold", erp.hold, methods=["POST"]),
            Route("/openapi/refund/release", erp.release, methods=["POST"]),
        ],
        exception_handlers={
            _Refused: lambda _request, refusal: _refusal(str(refusal)),
            404: lambda _request, _error: _refusal("no_route"),
            405: lambda _request, _error: _refusal("wrong_method"),
        },
    )


class _Bamboo:
    def __init__(self, world: World) -> None:
        self._world = world
        self._by_number = {member_number(person.key): person for person in world.residents("erp")}
        self._holds: dict[str, str] = {}

    async def ping(self, request: Request) -> Response:
        _check_key(request)
        return _envelope({"system": "bamboo", "status": "正常"})

    async def members(self, request: Request) -> Response:
        people = self._wanted_people(request)
        return _envelope({"list": [member_record(person, self._world) for person in people], "total": len(people)})

    async def orders(self, request: Request) -> Response:
        people = self._wanted_people(request)
        found = [order for person in people for order in self._world.orders_of(person.key)]
        number = max(1, _whole(request, "pageNo", 1))
        size = min(_whole(request, "pageSize", _PAGE_CAP), _PAGE_CAP)
        page = found[(number - 1) * size : number * size]
        return _envelope(
            {
                "list": [self._order_record(order) for order in page],
                "total": len(found),
                "pageNo": number,
                "pages": -(-len(found) // size),
            }
        )

    async def order(self, request: Request) -> Response:
        _check_key(request)
        return _envelope(self._order_record(self._order(_required(request, "orderNo"))))

    async def account(self, request: Request) -> Response:
        people = self._wanted_people(request)
        accounts = [self._world.membership_of(person.key) for person in people]
        return _envelope({"list": [account_record(account) for account in accounts if account is not None]})

    async def hold(self, request: Request) -> Response:
        _check_key(request)
        wanted = await _json_object(request)
        order_number, reason, request_number = (str(wanted.get(name) or "") for name in ("orderNo", "reason", "requestNo"))
        if not (order_number and reason and request_number):
            raise _Refused("missing")
        order = self._order(order_number)
        if self._holds.get(order_number) == request_number:
            return _envelope(self._order_record(order))
        if order.hold is not None:
            raise _Refused("already_held")
        if order.state not in _HOLDABLE:
            raise _Refused("wrong_state")
        order.hold, self._holds[order_number] = reason, request_number
        return _envelope(self._order_record(order))

    async def release(self, request: Request) -> Response:
        """Let an order go on; one that is not stopped already does."""
        _check_key(request)
        wanted = await _json_object(request)
        order_number = str(wanted.get("orderNo") or "")
        if not order_number:
            raise _Refused("missing")
        order = self._order(order_number)
        order.hold = None
        self._holds.pop(order_number, None)
        return _envelope(self._order_record(order))

    def _wanted_people(self, request: Request) -> Sequence[Person]:
        """Return who is meant by `memberNo`, or by `mobile`, which may be several with commas; one of the two must be there."""
        _check_key(request)
        if member := request.query_params.get("memberNo"):
            if member not in self._by_number:
                raise _Refused("unknown")
            return (self._by_number[member],)
        mobiles = _required(request, "mobile").split(",")
        return tuple({person.key: person for mobile in mobiles for person in self._world.callers(mobile, "erp")}.values())

    def _order(self, number: str) -> Order:
        order = self._world.orders.get(number)
        if order is None:
            raise _Refused("unknown")
        return order

    def _order_record(self, order: Order) -> dict[str, Any]:
        return order_record(order, self._world.people[order.person])


def _check_key(request: Request) -> None:
    if request.headers.get("x-bamboo-key") != ACCESS["erp"]["api_key"]:
        raise _Refused("wrong_key")


def _required(request: Request, name: str) -> str:
    value = request.query_params.get(name, "").strip()
    if not value:
        raise _Refused("missing")
    return value


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and int(text) > 0 else default


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        wanted = json.loads(await request.body())
    except ValueError:
        raise _Refused("missing") from None
    if not isinstance(wanted, dict):
        raise _Refused("missing")
    return wanted


def _envelope(answer: object, code: str = "0", message: str = "成功") -> JSONResponse:
    return JSONResponse({"code": code, "msg": message, "data": answer})


def _refusal(key: str) -> JSONResponse:
    code, message = _REFUSALS[key]
    return _envelope(None, code, message)
