"""`tieline connector new --from-openapi`: what a description tells becomes data, and what it does not, a comment."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.connectors.shell import Shell
from tests.unit.connectors.wires import json_answer

from tieline.connectors.registry import Connector
from tieline.mapping.book import load_book

CONTACT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "first_name": {"type": "string"},
        "last_name": {"type": "string"},
        "email": {"type": "string"},
        "phone": {"type": "string"},
        "mobile": {"type": "string"},
        "company": {"type": "object", "properties": {"id": {}, "name": {}}},
        "created_at": {"type": "string", "format": "date-time"},
        "vip": {"type": "boolean"},
    },
}
NEW_TICKET: Final[dict[str, Any]] = {
    "allOf": [
        {
            "type": "object",
            "properties": {
                "subject": {"type": "string"},
                "status": {"$ref": "#/components/schemas/Status"},
                "priority": {"type": "string", "enum": ["low", "urgent", "blocker"]},
            },
        }
    ]
}
TICKET: Final[dict[str, Any]] = {
    "allOf": [
        {"$ref": "#/components/schemas/NewTicket"},
        {"type": "object", "properties": {"id": {"type": "integer"}, "parent": {"$ref": "#/components/schemas/Ticket"}}},
    ]
}
ADA: Final = {"id": 17, "first_name": "Ada", "last_name": "L", "email": "ada@example.com", "phone": "+13125550100"}


def body(schema: object, example: object = None) -> dict[str, Any]:
    media = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"content": {"application/json": media}}


def query(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query"} for name in names]


def description(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    contacts = {
        "type": "object",
        "properties": {"contacts": {"type": "array", "items": {"$ref": "#/components/schemas/Contact"}}},
    }
    ticket = {"$ref": "#/components/schemas/Ticket"}
    wrapped = {"type": "object", "properties": {"ticket": {"$ref": "#/components/schemas/NewTicket"}}}
    key = {"name": "Idempotency-Key", "in": "header"}
    tree: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Acme Desk"},
        "servers": [{"url": "https://api.acme.example/v2"}],
        "security": [{"bearer": []}],
        "paths": {
            "/contacts": {
                "get": {
                    "parameters": query("phone", "page", "per_page"),
                    "responses": {"200": body(contacts, {"contacts": [ADA]})},
                }
            },
            "/contacts/{id}": {"get": {"responses": {"200": {"$ref": "#/components/responses/OneContact"}}}},
            "/tickets": {
                "get": {"parameters": query("q"), "responses": {"200": body({"type": "array", "items": ticket})}},
                "post": {"parameters": [key], "requestBody": body(wrapped), "responses": {"201": body(ticket)}},
            },
            "/cases/{id}": {"get": {"deprecated": True, "responses": {}}},
        },
        "components": {
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "responses": {"OneContact": body({"$ref": "#/components/schemas/Contact"})},
            "schemas": {
                "Contact": CONTACT,
                "NewTicket": NEW_TICKET,
                "Ticket": TICKET,
                "Status": {"type": "string", "enum": ["new", "open", "pending", "solved"]},
            },
        },
    }
    return tree | changes


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, lambda _: json_answer({}))


def begin(shell: Shell, tree: object, *, as_yaml: bool = False) -> tuple[int, str]:
    file = shell.root / ("api.yaml" if as_yaml else "api.json")
    file.write_text(yaml.safe_dump(json.loads(json.dumps(tree)), sort_keys=False) if as_yaml else json.dumps(tree))
    return shell("new", "acme_desk", "--category", "helpdesk", "--from-openapi", str(file), "--in", str(shell.root))


def manifest(shell: Shell) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load((shell.root / "acme_desk/connector.yaml").read_text())
    return tree


@pytest.mark.parametrize("as_yaml", [True, False], ids=["YAML", "JSON"])
def test_what_a_description_tells_becomes_data_that_loads(shell: Shell, *, as_yaml: bool) -> None:
    assert begin(shell, description(), as_yaml=as_yaml)[0] == 0
    connector = Connector(shell.root / "acme_desk")
    assert list(connector.manifest.operations) == ["customer.find", "customer.get", "ticket.create"]
    tree = manifest(shell)
    assert tree["config"]["base_url"] == {"title": "Base URL", "type": "url", "default": "https://api.acme.example/v2"}
    assert tree["auth"] == {"kind": "bearer", "token": "$config.token"}
    assert tree["operations"]["customer.find"] == {
        "request": {"method": "GET", "path": "/contacts", "query": {"phone": "$in.phone.e164"}},
        "records": "body.contacts",
        "pages": {"kind": "page", "param": "page", "size": 50, "size_param": "per_page"},
    }
    assert tree["operations"]["ticket.create"] == {
        "request": {"method": "POST", "path": "/tickets", "json": {"ticket": "$record"}},
        "idempotency": {"header": "Idempotency-Key"},
        "result": {"id": "body.id"},
    }


def test_rows_with_one_meaning_are_proposed_and_the_others_commented(shell: Shell) -> None:
    begin(shell, description())
    rows = yaml.safe_load((shell.root / "acme_desk/mapping.yaml").read_text())
    assert rows["customer"]["rows"] == {
        "id": {"from": "id", "required": True},
        "phones": {"from": ["phone", "mobile"]},
        "emails": {"from": "email"},
        "registered_at": {"from": "created_at", "as": "iso"},
        "name": {"from": "join(' ', [first_name, last_name][?@])"},
    }
    assert rows["ticket"]["rows"]["status"]["values"] == {
        "new": "new",
        "open": "open",
        "pending_customer": "pending",
        "resolved": "solved",
    }
    text = (shell.root / "acme_desk/mapping.yaml").read_text()
    assert "# todo: it holds objects with id, name; which of them is it?\n    # company: {from: company}\n" in text
    assert "# todo: what do `blocker` mean?\n    # priority: {field: priority, values: {low: low, urgent: urgent}}\n" in text
    assert "# the vendor also has: vip\n" in text


def test_what_needs_somebody_to_know_more_is_a_comment_and_stands_in_the_readme(shell: Shell) -> None:
    begin(shell, description())
    text = (shell.root / "acme_desk/connector.yaml").read_text()
    assert "  # todo: how `q` asks for what belongs to one customer\n  # ticket.list:\n" in text
    readme = (shell.root / "acme_desk/README.md").read_text()
    assert "| `ticket.list` | how `q` asks for what belongs to one customer |" in readme
    assert "| access | other ways to sign in are described: basic |" in readme


def test_commented_proposals_hold_once_they_are_uncommented(shell: Shell) -> None:
    begin(shell, description())
    folder = shell.root / "acme_desk"
    for name in ("connector.yaml", "mapping.yaml"):
        lines = (folder / name).read_text().splitlines()
        proposed = [
            line.replace("# ", "", 1) if line.startswith(("  # ", "    # ")) and "todo:" not in line else line for line in lines
        ]
        (folder / name).write_text("\n".join(line for line in proposed if "vendor also has" not in line) + "\n")
    assert "ticket.list" in Connector(folder).manifest.operations
    assert {"company", "phones"} <= load_book(folder / "mapping.yaml")["customer"].reads


def test_the_check_passes_what_the_description_shows_and_names_the_rest(shell: Shell) -> None:
    begin(shell, description())
    code, told = shell("check", str(shell.root / "acme_desk"))
    faults = [line.removeprefix(f"{shell.root}/acme_desk/").partition(":")[0] for line in told.splitlines()]
    assert (code, sorted(faults)) == (1, ["connector.yaml", "examples/customer.get.yaml", "examples/ticket.create.yaml"])
    shown = yaml.safe_load((shell.root / "acme_desk/examples/customer.find.yaml").read_text())
    assert shown["mapped"] == [{"id": "17", "phones": ["+13125550100"], "emails": ["ada@example.com"], "name": "Ada L"}]


def access(scheme: dict[str, Any]) -> dict[str, Any]:
    return description(components={**description()["components"], "securitySchemes": {"only": scheme}}, security=[])


@pytest.mark.parametrize(
    ("scheme", "auth"),
    [
        (
            {"type": "http", "scheme": "Basic"},
            {"kind": "basic", "username": "$config.username", "password": "$config.password"},
        ),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, {"kind": "api_key", "header": "X-Key", "value": "$config.token"}),
        ({"type": "apiKey", "in": "query", "name": "key"}, {"kind": "api_key", "query": "key", "value": "$config.token"}),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {"read": "", "write": ""}}}},
            {
                "kind": "oauth2_client_credentials",
                "token_url": "${config.base_url}/oauth/token",
                "client_id": "$config.client_id",
                "client_secret": "$config.client_secret",
                "scope": "read write",
            },
        ),
        ({"type": "oauth2", "flows": {"authorizationCode": {}}}, {"kind": "none"}),
        ({"type": "openIdConnect"}, {"kind": "none"}),
    ],
)
def test_the_way_to_sign_in_is_taken_over_or_left_open(shell: Shell, scheme: dict[str, Any], auth: dict[str, Any]) -> None:
    assert begin(shell, access(scheme))[0] == 0
    assert manifest(shell)["auth"] == auth
    assert Connector(shell.root / "acme_desk").manifest
    left_open = "| access | how one signs in: the description names only" in (shell.root / "acme_desk/README.md").read_text()
    assert left_open == (auth["kind"] == "none")


def test_an_envelope_is_looked_through_and_the_way_to_sign_in_that_operations_name_wins(shell: Shell) -> None:
    tree = description(security=[])
    inner = {"type": "object", "properties": {"items": {"type": "array", "items": CONTACT}}}
    envelope = {"type": "object", "properties": {"success": {"type": "boolean"}, "data": inner}}
    tree["paths"]["/contacts"]["get"] |= {"responses": {"200": body(envelope)}, "security": [{"bearer": []}]}
    made = {"type": "object", "properties": {"success": {}, "data": {"$ref": "#/components/schemas/Ticket"}}}
    tree["paths"]["/tickets"]["post"]["responses"] = {"201": body(made)}
    assert begin(shell, tree)[0] == 0
    found = manifest(shell)
    assert found["operations"]["customer.find"]["records"] == "body.data.items"
    assert found["operations"]["ticket.create"]["result"] == {"id": "body.data.id"}
    assert found["auth"]["kind"] == "bearer"


def test_a_reference_into_another_file_is_not_followed_and_told(shell: Shell) -> None:
    tree = description()
    tree["components"]["schemas"]["Contact"] = {"$ref": "https://elsewhere.example/contact.json#/Contact"}
    assert begin(shell, tree)[0] == 0
    assert (
        "parts in another file were not read: https://elsewhere.example/contact.json"
        in (shell.root / "acme_desk/README.md").read_text()
    )


def test_references_in_a_circle_end(shell: Shell) -> None:
    tree = description()
    tree["components"]["schemas"]["Contact"] = {"$ref": "#/components/schemas/Contact"}
    tree["components"]["schemas"]["Ticket"] = {"allOf": [{"$ref": "#/components/schemas/Ticket"}] * 8}
    assert begin(shell, tree)[0] == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("swagger: '2.0'\n", "this is no OpenAPI 3.0 or 3.1 description"),
        ("openapi: [3\n", "api.yaml:2: "),
        ("openapi: 3.1.0\na: &x [1]\nb: *x\n", "api.yaml:2: anchors are not taken"),
        ("openapi: !!python/object/apply:os.system ['true']\n", "api.yaml:1: tags are not taken"),
        ('{"openapi": "3.1.0"', "neither JSON nor YAML"),
        ("[]", "this is no OpenAPI"),
        ("openapi: 3.1.0\n" + "#" * 4_194_304, "larger than 4 MiB"),
        (None, "the file cannot be read"),
    ],
    ids=["Swagger 2", "broken", "anchors", "tags", "broken JSON", "a list", "too large", "none"],
)
def test_a_file_that_is_no_description_is_told(shell: Shell, text: str | None, told: str) -> None:
    file = shell.root / "api.yaml"
    if text is not None:
        file.write_text(text)
    code, printed = shell("new", "acme_desk", "--category", "helpdesk", "--from-openapi", str(file), "--in", str(shell.root))
    assert (code, told in printed) == (1, True)
    assert not (shell.root / "acme_desk").exists()
