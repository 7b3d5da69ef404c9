"""What the generated crowd bought and complained about, drawn from each person's own seed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from tieline.sandbox.population import Item, Membership, Note, Opinion, Order, OrderState, Person, Ticket, TicketState

_GOODS = (
    ("智能路由器 AX6000", 29_900),
    ("无线降噪耳机", 45_900),
    ("空气净化器 X3", 249_900),
    ("恒温电水壶", 32_900),
    ("扫地机器人 S7", 219_900),
    ("人体工学椅", 129_900),
    ("4K 显示器 27 寸", 159_900),
    ("儿童手表", 49_900),
    ("HEPA 滤芯 ×2", 19_900),
    ("两年延保服务", 9_900),
    ("电饭煲 3L", 39_900),
    ("血压计", 25_900),
)
_ORDER_SHARES: dict[OrderState, int] = {
    "completed": 50,
    "delivered": 12,
    "shipped": 14,
    "processing": 6,
    "paid": 5,
    "placed": 4,
    "cancelled": 4,
    "refunding": 3,
    "refunded": 2,
}
_TICKET_SHARES: dict[TicketState, int] = {"closed": 45, "solved": 15, "waiting": 10, "in_progress": 12, "open": 12, "new": 6}
_TOPICS = (
    ("物流", "包裹显示签收但未收到"),
    ("产品质量", "开机后反复重启"),
    ("发票", "需要补开增值税专用发票"),
    ("退款", "退款超过七天未到账"),
    ("安装", "师傅未按约定时间上门"),
    ("账户", "无法登录会员账户"),
    ("咨询", "想了解延保范围"),
    ("投诉", "承诺的回电没有打来"),
)
_CARRIERS = (("顺丰速运", "SF"), ("圆通速递", "YT"), ("中通快递", "ZT"), ("京东物流", "JD"), ("韵达快递", "YD"))
_SHOPS = ("官方旗舰店", "天猫旗舰店", "京东自营", "抖音小店", "线下门店")
_LEVELS = (("普通会员", 300), ("银卡会员", 1_500), ("金卡会员", 5_000), ("钻石会员", 12_000))
_SENT: frozenset[OrderState] = frozenset(("shipped", "delivered", "completed", "refunding", "refunded"))


def orders_of(person: Person, seed: int, now: datetime) -> Iterator[Order]:
    """Yield up to six orders of the last 200 days; numbers never repeat between people."""
    chance = Random(f"{seed}/{person.key}/orders")
    for place in range(chance.choices((0, 1, 2, 3, 6), (20, 35, 25, 15, 5))[0]):
        placed = now - timedelta(minutes=chance.randrange(60, 200 * 24 * 60))
        state = chance.choices(tuple(_ORDER_SHARES), tuple(_ORDER_SHARES.values()))[0]
        carrier, prefix = chance.choice(_CARRIERS)
        sent = state in _SENT
        yield Order(
            number=f"SO-{3_000_000 + person.key * 10 + place}",
            person=person.key,
            placed_at=placed,
            changed_at=placed + (now - placed) * chance.random(),
            state=state,
            items=tuple(
                Item(name, chance.randrange(1, 3), price) for name, price in chance.sample(_GOODS, chance.randrange(1, 4))
            ),
            shop=chance.choice(_SHOPS),
            carrier=carrier if sent else None,
            waybill=f"{prefix}{chance.randrange(10**11, 10**12)}" if sent else None,
        )


def tickets_of(person: Person, seed: int, now: datetime) -> Iterator[Ticket]:
    """Yield up to three tickets of the last 90 days; numbers never repeat between people."""
    chance = Random(f"{seed}/{person.key}/tickets")
    for place in range(chance.choices((0, 1, 2, 3), (25, 50, 15, 10))[0]):
        opened = now - timedelta(minutes=chance.randrange(30, 90 * 24 * 60))
        topic, subject = chance.choice(_TOPICS)
        state = chance.choices(tuple(_TICKET_SHARES), tuple(_TICKET_SHARES.values()))[0]
        yield Ticket(
            number=20_000 + person.key * 4 + place,
            person=person.key,
            subject=subject,
            body=f"{subject}。来电登记。",
            state=state,
            priority=chance.choices((1, 2, 3, 4), (5, 20, 60, 15))[0],
            topic=topic,
            opened_at=opened,
            changed_at=opened + (now - opened) * chance.random(),
            assignee=None if state == "new" else chance.choice(("1001", "1002", "2001")),
            notes=[Note("1001", "首次来电登记。", opened)],
        )


def membership_of(person: Person, seed: int, now: datetime) -> Membership:
    """Return the account that goes with being a customer of the shop."""
    chance = Random(f"{seed}/{person.key}/membership")
    level, points = _LEVELS[3 if person.segment == "high_value" else chance.randrange(3)]
    return Membership(
        person=person.key,
        level=level,
        points=points + chance.randrange(900),
        balance_cents=chance.choice((0, 0, 0, 1_250, 8_800, 35_000)),
        credit_cents=5_000_000 if person.organization else 0,
        overdue_cents=chance.choice((0, 0, 0, 0, 8_800)),
        valid_to=(now + timedelta(days=chance.randrange(1, 700))).date(),
    )


def opinions_of(person: Person, seed: int, now: datetime) -> Iterator[Opinion]:
    """Yield the answer of every fifth person to the survey after a call."""
    chance = Random(f"{seed}/{person.key}/opinions")
    if chance.random() < 0.2:  # noqa: PLR2004 - one in five answers
        score = chance.choices((1, 2, 3, 4, 5), (5, 8, 15, 32, 40))[0]
        yield Opinion(person.key, "csat", score, "", "sms", now - timedelta(days=chance.randrange(1, 60)))
