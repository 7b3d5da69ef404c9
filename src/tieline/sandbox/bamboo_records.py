"""How Bamboo writes members, orders and accounts: Chinese words, Shanghai wall time, yuan as text beside fen as numbers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from tieline.sandbox.numbers import key_of
from tieline.sandbox.population import Membership, Order, OrderState, Person
from tieline.sandbox.world import World

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
ORDER_WORDS: Final[Mapping[OrderState, str]] = {
    "placed": "待付款",
    "paid": "已付款",
    "processing": "配货中",
    "shipped": "已发货",
    "delivered": "已签收",
    "completed": "已完成",
    "cancelled": "已取消",
    "refunding": "退款中",
    "refunded": "已退款",
}
_SEX_WORDS: Final[Mapping[str | None, str]] = {"F": "女", "M": "男", None: "未知"}


def member_number(key: int) -> str:
    """Return the ERP's member number of person `key`."""
    return f"M26{key * 13 + 1000:07d}"


def national_form(phone: str) -> str:
    """Return digits as dialled inside China: `13800138000`, `01065543900`; foreign numbers keep 00 and their country code."""
    digits = key_of(phone).partition("x")[0]
    if not digits.startswith("86"):
        return f"00{digits}"
    national = digits[2:]
    return national if national.startswith("1") and len(national) == len("13800138000") else f"0{national}"


def member_record(person: Person, world: World) -> dict[str, Any]:
    """Return the person as the ERP shows them."""
    account = world.membership_of(person.key)
    return {
        "memberNo": member_number(person.key),
        "memberName": person.name,
        "memberType": "企业" if person.organization else "个人",
        "mobile": national_form(person.phones[0]),
        "levelName": account.level if account else "普通会员",
        "gender": _SEX_WORDS[person.sex],
        "birthday": f"{person.born_on:%Y-%m-%d}" if person.born_on else "",
        "address": _one_line(person),
        "orderNum": str(len(world.orders_of(person.key))),
    }


def order_record(order: Order, person: Person) -> dict[str, Any]:
    """Return the order as the ERP shows it."""
    return {
        "orderNo": order.number,
        "orderStatus": ORDER_WORDS[order.state],
        "createTime": wall_time(order.placed_at),
        "updateTime": wall_time(order.changed_at),
        "totalAmount": yuan(order.total_cents),
        "shopName": order.shop,
        "memberNo": member_number(person.key),
        "receiver": {"name": person.name, "mobile": national_form(person.phones[0]), "address": _one_line(person)},
        "logistics": {"company": order.carrier, "waybillNo": order.waybill} if order.carrier else None,
        "goods": [{"goodsName": item.name, "num": item.quantity, "priceFen": item.price_cents} for item in order.items],
        "holdFlag": "0" if order.hold is None else "1",
        "holdReason": order.hold or "",
    }


def account_record(account: Membership) -> dict[str, Any]:
    """Return the account as the ERP shows it."""
    return {
        "memberNo": member_number(account.person),
        "levelName": account.level,
        "points": str(account.points),
        "balanceFen": account.balance_cents,
        "creditLimit": yuan(account.credit_cents),
        "overdueFen": account.overdue_cents,
        "validTo": f"{account.valid_to:%Y%m%d}",
    }


def wall_time(moment: datetime) -> str:
    """Return the instant as clocks in Shanghai showed it, without saying so."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def yuan(cents: int) -> str:
    """Return fen as yuan with two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"


def _one_line(person: Person) -> str:
    address = person.address
    return f"{address.region}{address.city}{address.street}" if address.country == "CN" else f"{address.street}, {address.city}"
