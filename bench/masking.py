"""What masking a typical screen pop costs, per role, in microseconds of CPU. Target: at most 40 for an agent."""

import time
from typing import Any

from tieline.domain.masking import MASKS
from tieline.security.masking_policy import Policy

ROUNDS = 3000
VALUES = {
    "phone": "+8613800138000",
    "name": "欧阳静",
    "email": "zhang.san@example.com",
    "address": "北京市海淀区中关村大街1号",
    "id_card": "110101199003071234",
    "text": "无线耳机 Pro 等 3 件",
}
NOTE = "请回电13800138000，谢谢"


def typical_pop() -> dict[str, Any]:
    """Return a pop with a profile, three orders, two tickets, an account and five past calls."""
    block = {
        "state": "live",
        "source": "orders",
        "as_of": "2026-11-22T02:00:00Z",
        "took_ms": 84,
        "error": None,
        "truncated": False,
    }
    order = {
        "ref": {"connection": "erp", "kind": "order", "id": "1"},
        "number": "SO-1",
        "status": "shipped",
        "placed_at": "2026-11-20T02:00:00Z",
        "updated_at": None,
        "total": {"amount": "299.00", "currency": "CNY"},
        "summary": VALUES["text"],
        "recipient": "张三",
        "phone": "13800138000",
        "address": VALUES["address"],
        "carrier": "SF",
        "tracking_number": "SF1234567890123",
        "shop": None,
        "url": "https://erp.example/orders/1",
    }
    ticket = {
        "ref": {"connection": "desk", "kind": "ticket", "id": "7"},
        "number": "8841",
        "subject": "耳机无法开机",
        "status": "open",
    }
    return {
        "pop_id": "p1",
        "call_id": "c-42",
        "phone": {"e164": VALUES["phone"], "national": "138 0013 8000", "kind": "mobile", "country": "CN", "withheld": False},
        "match": {
            "state": "known",
            "confidence": 0.95,
            "reason": "exact number, one person",
            "rule": "direct",
            "identity_level": 2,
        },
        "status": "complete",
        "customer": {
            "ref": "crm:1",
            "name": VALUES["name"],
            "kind": "person",
            "tier": "high_value",
            "tags": ["老年用户", "VIP"],
            "phones": [VALUES["phone"], "010-65543800"],
            "emails": [VALUES["email"]],
            "address": VALUES["address"],
            "birth_date": "1990-03-07",
            "id_number": VALUES["id_card"],
            "note": "喜欢下午联系",
            "links": [{"system": "crm", "url": "https://crm.example/1"}],
        },
        "candidates": [],
        "blocks": {
            "orders": {**block, "items": [order] * 3},
            "tickets": {**block, "items": [ticket] * 2},
            "account": {**block, "items": [{"ref": {}, "level": "gold", "points": 1200}]},
        },
        "history": [{"kind": "call", "at": "2026-11-21T02:00:00Z", "summary": "inbound served", "call_id": "c-1"}] * 5,
        "hints": [{"kind": "script", "text": "先致歉，再说明处理进度。", "because": "churn_risk=high"}] * 2,
        "actions": [{"id": "create_ticket", "enabled": True, "because": None}] * 6,
        "took_ms": 121,
    }


def main() -> None:
    """Print the costs."""
    policy, pop = Policy(), typical_pop()
    for role in ("agent", "supervisor", "admin", "integrator"):
        policy.apply(role, pop, shape="screen_pop", active_call_phone=True)
        started = time.process_time()
        for _ in range(ROUNDS):
            policy.apply(role, pop, shape="screen_pop", active_call_phone=True)
        print(f"{role:11} {(time.process_time() - started) / ROUNDS * 1e6:6.1f} µs per pop")
    for kind, value in (*VALUES.items(), ("text", NOTE)):
        mask = MASKS[kind]["agent"]  # type: ignore[index]  # the keys above are kinds
        started = time.process_time()
        for _ in range(ROUNDS):
            mask(value)
        print(f"{kind:11} {(time.process_time() - started) / ROUNDS * 1e6:6.1f} µs  {value} → {mask(value)}")


if __name__ == "__main__":
    main()
