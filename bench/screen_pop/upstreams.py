"""The three upstreams everybody asks: an nginx that answers from memory, with the caller's own number in the answer."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

CRM, ORDERS, TICKETS = "crm", "orders", "tickets"
ASKED = (CRM, ORDERS, TICKETS)
MORE = tuple(f"more{number}" for number in range(1, 6))


def customer_record() -> dict[str, object]:
    """Return about 1.5 KB: a customer with 25 fields that count and some that do not. `$arg_phone` becomes the caller."""
    return {
        "id": "C-$arg_phone", "full_name": "张伟", "is_org": False, "company": "北京荷花贸易有限公司",
        "mobile": "+$arg_phone", "email": "zhang.wei@lotus.example", "wechat": "zw_1988", "level": "GOLD",
        "labels": ["老年用户", "VIP"], "lang": "zh", "sex": "M", "born": "1988-08-08", "nation": "CN", "province": "北京",
        "town": "北京", "street": "海淀区中关村大街 1 号院 2 号楼 3 单元 401", "zip": "100080", "owner": "1001",
        "remark": "喜欢上午接电话；上次投诉物流慢，已补偿优惠券。" * 6, "risk": "low", "dnc": False,
        "created": "2021-03-04T05:06:07+08:00", "updated": "2026-11-01T09:00:00+08:00",
        "spent": {"value": "18888.80", "code": "CNY"}, "orders": 12, "link": "https://crm.example/c/1",
        "internal": "x" * 300,
    }  # fmt: skip


def order_records() -> list[dict[str, object]]:
    """Return about 2 KB: five orders."""
    return [
        {
            "no": f"SO-2026-{number:04}", "state": "SHIPPED", "created": "2026-11-20T10:00:00+08:00",
            "amount": {"value": "199.00", "code": "CNY"}, "goods": "蓝牙耳机 × 1，充电线 × 2，保护壳 × 1", "to": "张伟",
            "mobile": "+$arg_phone", "address": "北京市海淀区中关村大街 1 号院 2 号楼", "carrier": "SF",
            "track": f"SF10000000{number:04}", "shop": "天猫旗舰店", "url": f"https://erp.example/o/{number}",
        }
        for number in range(5)
    ]  # fmt: skip


def ticket_records() -> list[dict[str, object]]:
    """Return about 2 KB: five tickets."""
    return [
        {
            "id": f"T-{number}", "title": "耳机左耳无声，申请换货", "text": "客户反映收到的耳机左耳没有声音，已经重置。" * 3,
            "state": "open" if number == 0 else "closed", "prio": "high", "group": "after-sales", "agent": "1002",
            "created": "2026-11-18T10:00:00+08:00", "updated": "2026-11-19T10:00:00+08:00",
            "url": f"https://helpdesk.example/t/{number}",
        }
        for number in range(5)
    ]  # fmt: skip


def write_nginx_configuration(folder: Path, *, port: int) -> Path:
    """Write the configuration of the static upstream and return its path."""
    answers = {CRM: customer_record(), ORDERS: order_records(), TICKETS: ticket_records()}
    answers |= dict.fromkeys(MORE, order_records())
    locations = "\n".join(
        f"    location /{name} {{ default_type application/json; return 200 '{_body(answer)}'; }}"
        for name, answer in answers.items()
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nginx.conf"
    path.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} reuseport backlog=4096;
{locations}
    location /ready {{ return 200 'ok'; }}
  }}
}}
"""
    )
    return path


def nginx_command(configuration: Path) -> Sequence[str]:
    """Return how to start it. Raises: FileNotFoundError: there is no nginx here."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if binary is None:
        message = "the bench needs nginx as its upstream"
        raise FileNotFoundError(message)
    return (binary, "-c", str(configuration), "-p", str(configuration.parent))


def _body(answer: object) -> str:
    return json.dumps(answer, ensure_ascii=False).replace("'", "’")
