"""Reports as the interface answers them, drawn once by a fixed seed: the same figures in every test."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from tests.browser.recorded import Json

LAST: Final = date(2026, 11, 26)
QUEUES: Final = ("support", "sales", "after_sales")
AGENTS: Final = {"1001": "Li Wei 李伟", "1002": "Chen Jie 陈洁", "2001": "Chen Jing 陈静", "9001": "Zhao Min 赵敏"}
CAUSES: Final = ("物流慢", "产品质量", "等待太久", "退款慢", '=HYPERLINK("http://x")', "<b>态度</b>")
FORMULAS: Final[Mapping[str, Mapping[str, str]]] = {
    "service_level": {"unit": "percent", "formula": "served within the threshold / all", "source": "https://www.icmi.com/sl"},
    "abandonment": {"unit": "percent", "formula": "abandoned / all", "source": "https://www.icmi.com/sl"},
    "aht_s": {"unit": "seconds", "formula": "(talk + hold + wrap-up) / served", "source": "https://docs.aws.amazon.com/connect/"},
    "fcr": {"unit": "percent", "formula": "not called again / judged", "source": "https://www.callcentrehelper.com/"},
    "csat": {"unit": "percent", "formula": "answers 4 and 5 / all answers", "source": "https://help.delighted.com/"},
    "nps": {"unit": "points", "formula": "promoters less detractors", "source": "Reichheld, 2003"},
    "ces": {"unit": "points 1-7", "formula": "mean answer", "source": "Dixon, 2013"},
    "pop_success": {"unit": "percent", "formula": "shown / promised", "source": ""},
}


def counts(drawn: random.Random, size: int) -> Json:
    served = int(size * drawn.uniform(0.82, 0.94))
    abandoned = int((size - served) * 0.7)
    return {
        "calls": size,
        "served": served,
        "abandoned": abandoned,
        "missed": size - served - abandoned,
        "complaints": size // 40,
        "loops": size // 20,
        "csat_answers": served // 3,
        "service_level": round(drawn.uniform(68, 92), 2),
        "abandonment": round(100 * abandoned / size, 2),
        "aht_s": round(drawn.uniform(180, 340), 2),
        "fcr": round(drawn.uniform(66, 84), 2),
        "csat": round(drawn.uniform(74, 93), 2),
        "nps": round(drawn.uniform(-5, 45), 2),
        "ces": round(drawn.uniform(4.5, 6.2), 2),
        "pop_success": round(drawn.uniform(96, 100), 2),
    }


def days(since: str, until: str) -> Iterator[str]:
    first, last = date.fromisoformat(since), date.fromisoformat(until)
    for number in range((last - first).days + 1):
        yield (first + timedelta(number)).isoformat()


def keys(group_by: str, since: str, until: str) -> Sequence[tuple[str, int]]:
    """The groups there are, and how many calls each has."""
    by_hour = [(hour, 4 if hour < 8 or hour > 20 else 30 + 20 * (hour in {10, 11, 15})) for hour in range(24)]
    if group_by == "weekday_hour":
        return [(f"{day}-{hour}", size // (1 + 3 * (day > 5))) for day in range(1, 8) for hour, size in by_hour]
    table = {
        "hour": [(str(hour), size) for hour, size in by_hour],
        "agent": [(agent, 200 - 20 * number) for number, agent in enumerate(AGENTS)],
        "queue": [(queue, 300 - 80 * number) for number, queue in enumerate(QUEUES)],
        "cause": [(cause, 90 - 13 * number) for number, cause in enumerate(CAUSES)],
        "product": [("净水器", 80), ("滤芯", 40)],
    }
    return table.get(group_by) or [(day, 120 + 11 * (number % 5)) for number, day in enumerate(days(since, until))]


def report(name: str, asked: Mapping[str, str]) -> Json:
    since, until = asked["from"], asked["to"]
    group_by = asked.get("group_by") or ("cause" if name == "causes" else "day")
    drawn = random.Random(f"{name}{group_by}{since}{asked.get('agent', '')}")  # noqa: S311 - a picture, not a secret
    rows = [{group_by: key, **counts(drawn, size)} for key, size in keys(group_by, since, until) if size]
    total = counts(drawn, sum(row["calls"] for row in rows) or 1)
    return {
        "report": name,
        "since": f"{since}T00:00:00+08:00",
        "until": f"{until}T00:00:00+08:00",
        "zone": "Asia/Shanghai",
        "as_of": "2026-11-26T15:00:00+08:00",
        "group_by": group_by,
        "rows": rows,
        "total": total,
        "before": counts(drawn, total["calls"]) if asked.get("compare") == "true" else None,
        "formulas": FORMULAS,
    }


FEEDBACK: Final[Mapping[str, Any]] = {
    "id": "00000000-0000-0000-0000-000000000077",
    "kind": "csat",
    "score": 1,
    "text": "<b>等了太久</b>，问题也没解决",
    "channel": "sms",
    "call_id": "c-77",
    "ticket_id": None,
    "customer_ref": None,
    "phone": "+86 138****8000",
    "agent": "1001",
    "line": "+861065543800",
    "queue": "support",
    "tags": [],
    "causes": [],
    "at": "2026-11-26T10:00:00+08:00",
    "received_at": "2026-11-26T10:00:00+08:00",
    "received_by": "customer",
    "origin": None,
    "understood": {"sentiment": "negative", "causes": [{"id": "wait", "because": ["等了"]}], "by": "rules:0"},
    "purchase": {"order": "SO-1", "products": ["净水器"], "basis": "last_order", "region": "北京市"},
    "corrected": None,
    "follow_up": None,
    "written": [],
}


def corrected(word: Json) -> Json:
    """What was said, once a person has said what it is about."""
    return {**FEEDBACK, "corrected": {**word, "by": "agent:9001", "at": "2026-11-26T15:00:00+08:00", "version": 0}}


def tree() -> Json:
    names = {"service": ("服务", "Service", None), "wait": ("等待时间", "Waiting", "service"), "goods": ("商品", "Goods", None)}
    return {
        "version": 0,
        "items": [{"id": name, "parent": parent, "zh-CN": zh, "en": en} for name, (zh, en, parent) in names.items()],
    }


def answers() -> Json:
    """One answer, on one page."""
    told = {name: FEEDBACK[name] for name in ("id", "at", "score", "agent", "queue", "line", "channel")}
    bought = {"products": ["净水器"], "region": "北京市", "causes": ["wait"]}
    return {"items": [{"kind": "answer", "name": "c-77", "answer_kind": "csat", "tier": None, **told, **bought}], "next": None}


def rows(asked: Mapping[str, str]) -> Json:
    """Two pages of calls; of what was said, one answer."""
    if asked.get("measure") == "csat_answers":
        return answers()
    first = "cursor" not in asked
    items = [
        {
            "kind": "call",
            "id": f"00000000-0000-0000-0000-{number:012}",
            "name": f"c-{number}",
            "at": "2026-11-26T10:00:00+08:00",
            "agent": "1001",
            "queue": asked.get("queue", "support"),
            "line": "+861065543800",
            "tier": None,
            "outcome": "served",
            "wait_s": number,
        }
        for number in (range(50) if first else range(50, 53))
    ]
    return {"items": items, "next": "more" if first else None}


def wallboard() -> Json:
    states = ("talking", "ringing", "free", "held")
    agents = [
        {"id": agent, "name": name, "team": "support", "state": state, "for_s": None if state == "free" else 75}
        for (agent, name), state in zip(AGENTS.items(), states, strict=True)
    ]
    queues = [
        {"queue": queue, "waiting": 2 - number, "ringing": 0, "talking": 1, "longest_wait_s": (47, 12, None)[number]}
        for number, queue in enumerate(QUEUES)
    ]
    return {
        "as_of": "2026-11-26T15:00:00+08:00",
        "calls": {"waiting": 3, "ringing": 1, "talking": 2, "longest_wait_s": 47},
        "queues": queues,
        "agents": agents,
    }


def follow_ups() -> Json:
    ages = (
        ("under_4h", 1_200, 3),
        ("under_1d", 40_000, 2),
        ("under_3d", 150_000, 2),
        ("under_7d", 400_000, 1),
        ("over_7d", 900_000, 1),
    )
    items: list[Any] = []
    for bucket, age_s, number in ages:
        for one in range(number):
            overdue = one == 0 and age_s > 100_000
            items.append(
                {
                    "ticket_id": f"00000000-0000-0000-0000-0000000{len(items):05}",
                    "number": f"T-{1001 + len(items)}",
                    "kind": "csat",
                    "score": 1,
                    "bucket": bucket,
                    "age_s": age_s,
                    "due_at": "2026-11-26T09:00:00+08:00",
                    "overdue": overdue,
                    "assignee": "9001",
                    "status": "reopened",
                    "priority": "high",
                }
            )
    buckets = [
        {
            "bucket": bucket,
            "in_time": sum(not item["overdue"] for item in items if item["bucket"] == bucket),
            "overdue": sum(item["overdue"] for item in items if item["bucket"] == bucket),
        }
        for bucket, _, _ in ages
    ]
    return {"as_of": "2026-11-26T15:00:00+08:00", "buckets": buckets, "items": items}
