"""Screen pops as the server publishes them: one per situation an agent meets."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from tieline.domain.screen_pop import ScreenPop

Json = dict[str, Any]


class Situation(Protocol):
    """Makes a pop of one kind; `changes` replace fields of ScreenPop."""

    def __call__(self, pop_id: str, **changes: Any) -> Json: ...  # noqa: ANN401 - fields of ScreenPop


NOW = datetime.now(UTC).replace(microsecond=0)


def ago(**amount: float) -> str:
    return (NOW - timedelta(**amount)).isoformat()


def call(state: str = "ringing", **more: Any) -> Json:  # noqa: ANN401 - fields of ShownCall
    return {
        "state": state,
        "line_name": "客户支持 Support",
        "language": "zh",
        "started_at": ago(seconds=12),
        "owner": True,
        **more,
    }


ORDERS = [
    {
        "ref": {"connection": "erp", "kind": "order", "id": "SO-20261107-0031"},
        "number": "SO-20261107-0031",
        "status": "shipped",
        "placed_at": ago(days=15),
        "total": {"amount": "1288.00", "currency": "CNY"},
        "summary": "空气净化器 Pro ×1，滤芯套装 ×2",
        "carrier": "顺丰速运",
        "tracking_number": "SF1390012345678",
        "url": "https://erp.example.com/orders/31",
    },
    {
        "ref": {"connection": "erp", "kind": "order", "id": "SO-20260918-0007"},
        "number": "SO-20260918-0007",
        "status": "completed",
        "placed_at": ago(days=65),
        "total": {"amount": "399.90", "currency": "CNY"},
        "summary": "智能水壶 ×1",
    },
]
TICKETS = [
    {
        "ref": {"connection": "helpdesk", "kind": "ticket", "id": "8841"},
        "number": "8841",
        "subject": "净化器滤芯未随箱发货",
        "status": "in_progress",
        "priority": "high",
        "opened_at": ago(days=1, hours=2),
        "due_at": ago(hours=-20),
        "assignee": "Chen Jie",
        "url": "https://desk.example.com/t/8841",
    }
]
ACCOUNT = [
    {
        "ref": {"connection": "erp", "kind": "account", "id": "A-9"},
        "level": "Gold",
        "points": 18240,
        "balance": {"amount": "250.00", "currency": "CNY"},
        "credit_limit": {"amount": "20000.00", "currency": "CNY"},
        "valid_until": "2027-06-30",
    }
]


def block(source: str, items: list[Json], state: str = "live", **more: Any) -> Json:  # noqa: ANN401 - fields of Block
    return {"state": state, "source": source, "as_of": ago(seconds=1), "took_ms": 84, "items": items, **more}


def pop(pop_id: str, **changes: Any) -> Json:  # noqa: ANN401 - fields of ScreenPop
    """A known caller's preview; `changes` replace top-level fields."""
    shape: Json = {
        "pop_id": pop_id,
        "call_id": f"c-{pop_id}",
        "phone": {"e164": "+8613800138000", "national": "138 0013 8000", "kind": "mobile", "country": "CN"},
        "match": {
            "state": "known",
            "confidence": 0.95,
            "reason": "exact number, one person",
            "rule": "direct",
            "identity_level": 2,
        },
        "status": "complete",
        "customer": {
            "ref": "crm:003xx",
            "name": "张*",
            "company": "杭州云栖贸易有限公司",
            "tier": "high_value",
            "tags": ["老年用户", "方言：吴语", "VIP"],
            "phones": ["138****8000"],
            "emails": ["z***@example.com"],
            "language": "zh",
            "city": "杭州",
            "region": "浙江",
            "owner": "Chen Jie",
            "registered_at": ago(days=1480),
            "note": "偏好电话联系，上午。",
            "links": [{"system": "crm", "url": "https://crm.example.com/c/003xx"}],
        },
        "blocks": {
            "orders": block("erp", ORDERS),
            "tickets": block("helpdesk", TICKETS, took_ms=131),
            "account": block("erp", ACCOUNT, state="cached", as_of=ago(minutes=4)),
        },
        "history": [
            {
                "kind": "call",
                "at": ago(minutes=26),
                "summary": "inbound served",
                "agent": "Li Wei",
                "outcome": "served",
            },
            {"kind": "ticket", "at": ago(days=1, hours=2), "summary": "#8841 净化器滤芯未随箱发货"},
            {"kind": "feedback", "at": ago(days=20), "summary": "CSAT 2/5：等待时间太长"},
        ],
        "hints": [
            {"kind": "banner", "text": "Call 2 in 26 min, last with Li Wei", "because": "calls=2"},
            {"kind": "banner", "text": "Ticket 8841 is open: carry on there", "because": "calls=2"},
            {"kind": "script", "text": "先为等待致歉，再核对滤芯补发进度。", "because": "churn_risk=high"},
        ],
        "actions": [
            {"id": "create_ticket", "enabled": True},
            {"id": "refund", "enabled": False, "because": "order data is stale"},
            {"id": "change_address", "enabled": False, "because": "caller is not verified"},
        ],
        "call": call(),
        "line": "+861065543800",
        "queue": "support",
        "mode": "preview",
        "took_ms": 121,
        "trace": f"/v1/calls/c-{pop_id}/trace",
    }
    shape.update(changes)
    return ScreenPop.model_validate(shape).model_dump(mode="json")


def unknown(pop_id: str, **changes: Any) -> Json:  # noqa: ANN401 - fields of ScreenPop
    fields: Json = {
        "phone": {"e164": "+8613900000000", "national": "139 0000 0000", "kind": "mobile", "country": "CN"},
        "match": {"state": "none", "confidence": 0.0, "reason": "nobody known by this number", "rule": "nothing"},
        "status": "none",
        "customer": None,
        "blocks": {},
        "history": [{"kind": "call", "at": ago(days=3), "summary": "inbound abandoned_queue", "outcome": "abandoned_queue"}],
        "hints": [{"kind": "script", "text": "请先询问姓名与订单号。", "because": "unknown caller"}],
        "actions": [
            {"id": "create_ticket", "enabled": True},
            {"id": "search_link", "enabled": True},
            {"id": "review_later", "enabled": True},
            {"id": "wrong_number", "enabled": True},
            {"id": "spam", "enabled": True},
        ],
    }
    return pop(pop_id, **{**fields, **changes})


def shared(pop_id: str, **changes: Any) -> Json:  # noqa: ANN401 - fields of ScreenPop
    people = [
        ("crm:011", "李**", None, 0.62, "order SO-7 under way", 1),
        ("crm:012", "王*", "杭州云栖贸易有限公司", 0.55, "open ticket 8841", 6),
        ("helpdesk:77", "J*** S***", None, 0.38, "same number", 200),
    ]
    fields: Json = {
        "phone": {"e164": "+8613800138001", "national": "138 0013 8001", "kind": "mobile", "country": "CN"},
        "match": {
            "state": "maybe",
            "confidence": 0.62,
            "reason": "5 people share this number",
            "rule": "several",
            "identity_level": 1,
        },
        "status": "complete",
        "customer": None,
        "candidates": [
            {
                "ref": ref,
                "name": name,
                "company": company,
                "confidence": sure,
                "reason": why,
                "source": ref.split(":")[0],
                "last_contact_at": ago(days=days),
            }
            for ref, name, company, sure, why, days in people
        ],
        "more_candidates": 2,
        "blocks": {},
        "history": [],
        "hints": [],
        "actions": [],
    }
    return pop(pop_id, **{**fields, **changes})


def withheld(pop_id: str, **changes: Any) -> Json:  # noqa: ANN401 - fields of ScreenPop
    fields: Json = {
        "phone": {"withheld": True},
        "match": {"state": "withheld", "confidence": 0.0, "reason": "number withheld", "rule": "withheld"},
        "status": "none",
        "customer": None,
        "blocks": {},
        "history": [],
        "hints": [{"kind": "script", "text": "号码已隐藏。请核对订单号与姓名后再提供任何信息。", "because": "number withheld"}],
        "actions": [],
    }
    return pop(pop_id, **{**fields, **changes})


def internal(pop_id: str, **changes: Any) -> Json:  # noqa: ANN401 - fields of ScreenPop
    fields: Json = {
        "phone": {"kind": "internal", "extension": "1002", "national": "1002"},
        "match": {"state": "internal", "confidence": 0.0, "reason": "internal call", "rule": "internal"},
        "status": "none",
        "customer": None,
        "blocks": {},
        "history": [],
        "hints": [],
        "actions": [],
        "direction": "internal",
    }
    return pop(pop_id, **{**fields, **changes})


def pending(pop_id: str, **changes: Any) -> Json:  # noqa: ANN401 - fields of ScreenPop
    """The shell: who calls is known from the index, every system is still being asked."""
    blocks = {
        "orders": {"state": "unavailable", "source": "erp", "pending": True},
        "tickets": {"state": "unavailable", "source": "helpdesk", "pending": True},
        "account": {"state": "cached", "source": "erp", "as_of": ago(minutes=4), "items": ACCOUNT, "pending": True},
    }
    return pop(pop_id, **{"status": "partial", "blocks": blocks, **changes})


def troubled() -> Mapping[str, Json]:
    """Blocks in every state of trouble."""
    return {
        "orders": block("erp", ORDERS, state="stale", as_of=ago(hours=2), error="upstream_unavailable"),
        "tickets": {"state": "unavailable", "source": "helpdesk", "error": "upstream_timeout", "items": []},
        "account": block("erp", ACCOUNT, state="cached", as_of=ago(minutes=4)),
    }


def trace(call_id: str) -> Json:
    """Why a call popped, as `GET /v1/calls/{call_id}/trace` tells it."""
    return {
        "call_id": call_id,
        "events": [
            {"type": "ringing", "at": ago(seconds=12), "agent": "1001", "queue": "support", "effect": "show 1001: rang"},
            {
                "type": "answered",
                "at": ago(seconds=3),
                "agent": "1001",
                "queue": None,
                "effect": "update 1001: answered, withdraw 1002: answered_elsewhere",
            },
        ],
        "pops": [
            {
                "pop_id": call_id.removeprefix("c-"),
                "agent": "1001",
                "state": "shown",
                "promised_at": ago(seconds=12),
                "shown_at": ago(seconds=12),
                "acked_at": ago(seconds=11),
                "acked_by": "agent:1001",
                "decided": {
                    "state": "known",
                    "rule": "direct",
                    "reason": "exact number, one person",
                    "confidence": 0.95,
                    "ref": "crm:003xx",
                },
                "candidates": [
                    {"ref": "crm:003xx", "score": 0.95, "rule": "direct", "because": ["open_ticket", "verified_number"]}
                ],
                "sources": [
                    {
                        "source": "crm",
                        "operation": "customer.find",
                        "state": "live",
                        "took_ms": 84,
                        "records": 1,
                        "pending": False,
                    },
                    {
                        "source": "erp",
                        "operation": "order.list",
                        "state": "unavailable",
                        "error": "upstream_timeout",
                        "took_ms": 600,
                    },
                ],
            }
        ],
    }


def ticket(standing: str) -> Json:
    """Our ticket behind the helpdesk's 8841, whose copy in the CRM stands like this."""
    conflict = {
        "connection": "crm",
        "field": "priority",
        "base": "normal",
        "ours": {"value": "high", "by": "agent:5001", "at": ago(minutes=2)},
        "theirs": {"value": "low", "by": "crm", "at": ago(minutes=1)},
    }
    crm = {"connection": "crm", "external_id": "CS-7", "url": None, "state": standing, "fault": None}
    there = {"connection": "helpdesk", "external_id": "8841", "url": None, "state": "in_sync", "fault": None}
    return {
        "id": "t-1",
        "number": "T-1001",
        "call_id": None,
        "status": "closed" if standing == "in_sync" else "in_progress",
        "status_by": "helpdesk",
        "links": [{**crm, "fault": "upstream_unavailable"} if standing in {"waiting", "failed"} else crm, there],
        "conflicts": [conflict] if standing == "conflict" else [],
    }
