"""The apply file of the demo: the simulated systems where they happen to listen, one line, four agents."""

from collections.abc import Mapping

import yaml

LINE = "+861065543800"
QUEUE = "support"
AFTER_SALES = ["产品质量", "退款", "投诉", "quality", "refund", "unresolved"]
CALLED_BEFORE = ("+861085201000", "+493023125", "+19045550100")
"""Head offices that an index in use would know from earlier calls; without one, nobody is found behind a switchboard."""


def apply_file(systems: Mapping[str, Mapping[str, str]]) -> str:
    """Return the YAML text. `systems`: for each simulated system its `url` and what it wants to be shown."""
    crm, erp, helpdesk, pbx = (systems[name] for name in ("crm", "erp", "helpdesk", "pbx"))
    wanted = {
        "version": 1,
        "connections": {
            "crm": _connection("lotus_crm", crm, config=("client_id",), secrets=("client_secret", "hook_secret")),
            "erp": _connection("bamboo_erp", erp, secrets=("api_key",)),
            "helpdesk": _connection("willow_helpdesk", helpdesk, config=("username",), secrets=("password", "hook_secret")),
            "pbx": _connection("heron_pbx", pbx, secrets=("api_token", "hook_secret")),
        },
        "sources": {"customer": ["crm", "erp"], "order": ["erp"], "ticket": ["helpdesk"], "account": ["erp"]},
        "tickets": {
            "systems": ["helpdesk", "crm"],
            "categories": ["产品质量", "物流", "发票", "投诉", "退款", "其他"],
            "assignment": [{"category": "投诉", "role": "supervisor"}, {"tier": "high_value", "role": "senior"}],
        },
        "surveys": {
            "quiet_hours": None,  # so that the demo can be watched at night
            "guards": {"least_talk_s": 2},  # its calls are short, so that nobody has to wait
            "ways": {"sms": {"connection": "pbx"}},
            "ask": [
                {"after": "call", "template": "csat", "by": ["sms"]},
                {"after": "ticket", "template": "csat", "by": ["sms"]},
                {"after": "second_contact", "template": "csat", "by": ["sms"]},
            ],
        },
        "customers": {
            "rules": [
                _rule("let down twice", tier="churn_risk", count="low_score", within_days=90, at_least=2),
                _rule("after-sales", tag="高关怀需求客户", count="contact", about=AFTER_SALES, within_days=30, at_least=3),
            ],
            "write_to": ["crm"],
        },
        # The CRM says who is in training; what it says is kept for ten minutes, and while it is silent agents see less.
        "access": {
            "agents": [
                {
                    "system": "crm",
                    "by": "number",
                    "field": "role",
                    "views": {"TRAINEE": "basic", "STAFF": "full", "SENIOR": "full", "LEAD": "full"},
                    "silent": "basic",
                    "keep_s": 600,
                    "roles": ["agent"],
                }
            ],
        },
        "lines": {LINE: {"name": "Support", "country": "CN", "language": "zh", "queues": [QUEUE], "area_code": "10"}},
        "agents": {
            "1001": _agent("Li Wei", "agent", "1001"),
            "1002": _agent("Wang Min", "agent", "1002"),
            "2001": _agent("Chen Jing", "senior", "2001"),
            "9001": _agent("Zhao Lei", "supervisor", "9001"),
        },
    }
    return yaml.safe_dump(wanted, allow_unicode=True, sort_keys=False, default_flow_style=False)


def _connection(
    connector: str, system: Mapping[str, str], *, config: tuple[str, ...] = (), secrets: tuple[str, ...] = ()
) -> dict[str, object]:
    return {
        "connector": connector,
        "config": {"base_url": system["url"], **{name: system[name] for name in config}},
        "secrets": {name: f"plain:{system[name]}" for name in secrets},
    }


def _rule(name: str, *, tier: str | None = None, tag: str | None = None, **condition: object) -> dict[str, object]:
    gives = {"tier": tier} if tier is not None else {"tag": tag}
    return {"name": name, **gives, "when": [condition]}


def _agent(name: str, role: str, extension: str) -> dict[str, object]:
    return {"name": name, "role": role, "team": QUEUE, "extensions": [extension]}
