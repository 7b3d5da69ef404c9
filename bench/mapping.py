"""How long one 25-field record takes: our compiled rows against hand-written Python and against JMESPath alone.

Run: `python bench/mapping.py`. The three take turns within one process, so that a busy machine slows them alike; look at the
ratios. CPU time, not wall time. Target: reading in at most 25 µs.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import jmespath

from tieline.domain.customer import Customer
from tieline.domain.money import Money
from tieline.domain.references import ExternalRef
from tieline.mapping.compile import compile_rows
from tieline.mapping.source import RowSource

ROUNDS = 60
RECORDS_PER_ROUND = 400
SHANGHAI = ZoneInfo("Asia/Shanghai")
TIERS = {"A": "high_value", "B": "regular", "C": "potential"}

ROWS: Mapping[str, object] = {
    "id": {"from": "uid"},
    "name": {"field": "full_name"},
    "kind": {"field": "is_company", "values": {"organization": True, "person": False}},
    "company": {"field": "employer.name"},
    "phones": {"from": ["mobile", "phone", "work.phone"]},
    "emails": {"from": ["email", "work.email"], "as": "lower"},
    "wechat": {"field": "social.wechat"},
    "tier": {"field": "grade", "values": {"high_value": "A", "regular": "B", "potential": "C"}},
    "tags": {"field": "labels", "as": "split(;)"},
    "language": {"field": "lang"},
    "gender": {"field": "gender"},
    "birth_date": {"field": "birthday"},
    "country": {"field": "address.country"},
    "region": {"field": "address.province"},
    "city": {"field": "address.city"},
    "address": {"field": "address.line", "as": "trim"},
    "postal_code": {"field": "address.zip"},
    "owner": {"field": "owner.name"},
    "note": {"field": "remark"},
    "do_not_call": {"field": "dnc", "as": "bool(Y, N)"},
    "registered_at": {"field": "created", "as": "time(%Y-%m-%d %H:%M:%S, Asia/Shanghai)"},
    "updated_at": {"field": "modified_ms", "as": "epoch(ms)"},
    "total_spent": {"field": "spent.amount", "as": "money(spent.currency)"},
    "order_count": {"field": "orders", "as": "int"},
    "url": {"field": "links[0].href"},
}
RECORD: Mapping[str, Any] = {
    "uid": "12345678901234567890",
    "full_name": "张伟",
    "is_company": False,
    "employer": {"name": "宏达贸易"},
    "mobile": "+8613800138000",
    "phone": "",
    "work": {"phone": "010-65543800", "email": "Wei@Example.com"},
    "email": "ZW@example.com",
    "social": {"wechat": "zw88"},
    "grade": "A",
    "labels": "VIP;老年用户",
    "lang": "zh",
    "gender": "m",
    "birthday": "1958-03-02",
    "address": {"country": "CN", "province": "北京", "city": "北京", "line": " 建国路 1 号 ", "zip": "100022"},
    "owner": {"name": "Li Wei"},
    "remark": "晚上不要打电话",
    "dnc": "N",
    "created": "2019-05-06 10:11:12",
    "modified_ms": 1790000000000,
    "spent": {"amount": 12850.5, "currency": "CNY"},
    "orders": 17,
    "links": [{"href": "https://crm.example.com/c/1"}],
}


def by_hand(record: Mapping[str, Any]) -> dict[str, Any]:
    """Do the same for this one vendor, as a careful programmer would write it."""
    address, employer, work, spent = record["address"], record["employer"], record["work"], record["spent"]
    fields = {
        "id": str(record["uid"]),
        "name": record["full_name"],
        "kind": "organization" if record["is_company"] else "person",
        "company": employer["name"],
        "phones": tuple(dict.fromkeys(str(phone) for phone in (record["mobile"], record["phone"], work["phone"]) if phone)),
        "emails": tuple(dict.fromkeys(email.lower() for email in (record["email"], work["email"]) if email)),
        "wechat": record["social"]["wechat"],
        "tier": TIERS.get(record["grade"]),
        "tags": tuple(dict.fromkeys(tag for tag in map(str.strip, record["labels"].split(";")) if tag)),
        "language": record["lang"],
        "gender": record["gender"],
        "birth_date": datetime.fromisoformat(record["birthday"]).date(),
        "country": address["country"],
        "region": address["province"],
        "city": address["city"],
        "address": address["line"].strip(),
        "postal_code": address["zip"],
        "owner": record["owner"]["name"],
        "note": record["remark"],
        "do_not_call": record["dnc"] == "Y",
        "registered_at": datetime.fromisoformat(record["created"]).replace(tzinfo=SHANGHAI).astimezone(UTC),
        "updated_at": datetime.fromtimestamp(record["modified_ms"] / 1000, tz=UTC),
        "total_spent": Money(amount=Decimal(str(spent["amount"])), currency=spent["currency"]),
        "order_count": int(record["orders"]),
        "url": record["links"][0]["href"],
    }
    return {name: value for name, value in fields.items() if value is not None}


def through_jmespath(row: Any) -> Any:  # noqa: ANN401 - a row as written
    """Return the row with every path forced through JMESPath: `@.` in front changes nothing else."""
    prefix = "@.{}".format
    return {
        key: (prefix(value) if isinstance(value, str) else [prefix(path) for path in value])
        if key in {"field", "from"}
        else value
        for key, value in row.items()
    }


def read_only(row: Any) -> Any:  # noqa: ANN401 - a row as written
    """Return the row reading only, its words turned round, for JMESPath cannot be written to."""
    turned = {("from" if key == "field" else key): value for key, value in row.items()}
    if "values" in turned:
        turned["values"] = {
            str(theirs).lower() if theirs in {True, False} else theirs: ours for ours, theirs in turned["values"].items()
        }
    return turned


def listed(row: Any) -> list[str]:  # noqa: ANN401 - a row as written
    """Return the paths a row reads."""
    paths = row.get("field") or row["from"]
    return [paths] if isinstance(paths, str) else paths


def cpu_us(work: Callable[[], object]) -> float:
    """Return microseconds of CPU per record over one round."""
    begun = time.process_time_ns()
    for _ in range(RECORDS_PER_ROUND):
        work()
    return (time.process_time_ns() - begun) / RECORDS_PER_ROUND / 1000


def main() -> None:
    """Check that all answer alike, let them take turns, print medians and ratios."""
    source = RowSource("bench")
    ours = compile_rows(ROWS, kind="customer", source=source)
    via_jmespath = compile_rows(
        {name: through_jmespath(read_only(row)) for name, row in ROWS.items()}, kind="customer", source=source
    )
    searches = [jmespath.compile(path) for row in ROWS.values() for path in listed(row)]
    expected = by_hand(RECORD)
    if not expected == ours.read(RECORD) == via_jmespath.read(RECORD):
        raise SystemExit("the three do not answer alike")
    canonical = {name: value for name, value in expected.items() if name in ours.writes}
    reference = ExternalRef(connection="crm", id=expected.pop("id"))
    contenders: dict[str, Callable[[], object]] = {
        "read, ours": lambda: ours.read(RECORD),
        "read, hand-written Python": lambda: by_hand(RECORD),
        "read, ours with every path in JMESPath": lambda: via_jmespath.read(RECORD),
        "the paths alone in plain JMESPath": lambda: [search.search(RECORD) for search in searches],
        "write, ours": lambda: ours.write(canonical, current=None, is_new=True),
        "building the Customer model from it": lambda: Customer(ref=reference, **expected),
    }
    rounds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, work in contenders.items():
            rounds[name].append(cpu_us(work))
    base = median(rounds["read, ours"])
    print(f"one record, {len(ROWS)} fields; CPU µs, median of {ROUNDS} rounds; ratio to ours")
    for name, samples in rounds.items():
        print(f"{median(samples):9.1f} µs {median(samples) / base:7.2f} ×  {name}")


if __name__ == "__main__":
    main()
