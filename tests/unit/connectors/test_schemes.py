"""Every way of signing in that the vendor notes describe, as a manifest writes it: what is sent for it, what is carried on."""

from pathlib import Path
from typing import Any

import pytest
from tests.connectors.sample import connector
from tests.unit.connectors.wires import NOW, FakeWire, json_answer

from tieline.connectors.connection import assemble
from tieline.connectors.manifest.configuration import settle
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.kit.deadline import Deadline
from tieline.kit.yaml_lines import load_with_lines

Tree = dict[str, Any]
SCHEMES: Any = load_with_lines(Path(__file__).parent / "schemes.yaml").tree
OPEN = ("account", "app_id", "app_key")
SECRET = {"secret": "secret-1", "refresh": "refresh-1", "demo_token": "demo-token"}


@pytest.mark.parametrize("scheme", SCHEMES, ids=[scheme["id"] for scheme in SCHEMES])
async def test_schemes(tmp_path: Path, scheme: Tree) -> None:
    answer: Tree = scheme.get("answer", {})

    def answering(sent: Outgoing) -> Incoming:
        return json_answer({}) if "/ping" in sent.url else json_answer(answer["body"], headers=answer.get("headers", {}))

    writes = {"method": "POST", "json": {"a": 1}} if scheme["call"].get("method") == "POST" else {}
    made_up = connector(
        tmp_path,
        config={**{name: {"title": name} for name in OPEN}, **{name: {"title": name, "secret": True} for name in SECRET}},
        hosts={"main": "https://x.example"},
        auth=scheme["auth"],
        operations={"system.ping": {"request": {"path": "/ping", **writes}}},
    )
    wire = FakeWire(answering)
    settled = settle(made_up.manifest, {name: f"{name}-1" for name in OPEN}, SECRET)
    connection = assemble("crm", made_up, settled, wire=wire, clock=lambda: NOW)
    for _ in range(2):
        await connection.run("system.ping", deadline=Deadline.after(5))
    *logins, call, again = wire.sent
    assert len(logins) == ("login" in scheme)
    for sent, expected in (*((login, scheme["login"]) for login in logins), (call, scheme["call"]), (again, scheme["call"])):
        assert shown(sent, expected) == expected


def shown(sent: Outgoing, like: Tree) -> Tree:
    """What was sent, as far as it is spoken of."""
    whole = {"method": sent.method, "url": sent.url, "body": (sent.body or b"").decode()}
    headers = {name: sent.headers.get(name) for name in like.get("headers", {})}
    return {name: headers if name == "headers" else whole[name] for name in like}
