"""Connector files written to do harm, B69 to B73: each input refused when the file is read or saved, and nothing of it run."""

import time
from pathlib import Path

import pytest
from tests.connectors import sample

from tieline.connectors.connection import open_connection
from tieline.connectors.manifest.load import load_manifest
from tieline.connectors.manifest.problems import ManifestProblems
from tieline.connectors.registry import Connector
from tieline.domain.errors import EgressForbidden, MappingInvalid, VendorMisconfigured
from tieline.kit.clock import utc_now
from tieline.mapping.book import load_book
from tieline.security.egress import Egress

ADDRESSES = [
    "file:///etc/passwd",
    "gopher://x.example",
    "http://169.254.169.254",
    "http://100.100.100.200",
    "https://[::ffff:127.0.0.1]",
    "https://[64:ff9b::7f00:1]",
    "https://[2002:7f00:1::]",
    "https://0x7f000001",
    "https://2130706433",
    "https://127.1",
    "https://0177.0.0.1",
    "https://①②⑦.0.0.1",
    "https://user@host.example",
    "https://host.example#@evil.example",
    "https://host.example\\@evil.example",
    "https://localhost.",
    "https://*.nip.io",
    "https://x.example:22",
    "https://x.example:5432",
    "https://x.example:6379",
    "https://аpple.example",
    "https://x.example/" + "a" * 2048,
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("place", ["config", "host", "token_url"])
def test_b69_an_address_that_may_not_be_called_opens_no_connection(tmp_path: Path, address: str, place: str) -> None:
    parts: dict[str, object] = {"operations": {"order.list": {"request": {"path": "/o"}}}}
    if place == "host":
        parts["hosts"] = {"main": address}
    if place == "token_url":
        parts["auth"] = {
            "kind": "oauth2_client_credentials",
            "token_url": address,
            "client_id": "a",
            "client_secret": "$config.token",
        }
    config = {"base_url": address if place == "config" else "https://x.example"}
    with pytest.raises((EgressForbidden, VendorMisconfigured, ManifestProblems)):
        open_connection(
            "crm", sample.connector(tmp_path, **parts), config=config, secrets={"token": "t"}, clock=utc_now, egress=Egress()
        )


EXPRESSIONS = [
    "{{7*7}}",
    "{0.__class__}",
    "__import__('os').system('id')",
    "[" * 5_000 + "]" * 5_000,
    "a" * 1_000_000,
    "a[?b=='" + "x" * 2_000 + "']",
    "((((((((((((((((a))))))))))))))))" * 50,
    "a || (a || (a || b))" * 500,
    "map(&map(&map(&@, @), @), a)" * 40,
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=range(len(EXPRESSIONS)))
def test_b70_an_expression_that_is_no_path_is_refused_at_once_and_never_run(tmp_path: Path, expression: str) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(f"customer:\n  rows:\n    name: {{from: {_quoted(expression)}}}\n", encoding="utf-8")
    started_s = time.process_time()
    with pytest.raises(MappingInvalid) as caught:
        load_book(mapping)
    assert time.process_time() - started_s < 4
    assert caught.value.code in {"expr_invalid", "expr_limit"}
    assert expression[:200] not in str(caught.value) or len(expression) < 200


TEMPLATES = [
    "${in.__class__}",
    "$in.phone.__class__",
    "$in.name.__init__.__globals__",
    "${7*7}",
    "$(id)",
    "${config.base_url.__class__}",
    "$record",
    "$saved.x",
    "$result.id",
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_b70_a_template_that_reaches_for_more_than_inputs_is_refused(tmp_path: Path, template: str) -> None:
    operations = {"order.list": {"request": {"path": "/o", "query": {"q": template}}}}
    with pytest.raises(ManifestProblems):
        _ = sample.connector(tmp_path, operations=operations).manifest


def test_b70_a_pattern_that_backtracks_for_ever_is_no_condition(tmp_path: Path) -> None:
    rows = [{"when": {"body.x": {"matches": "(a+)+$"}}, "is": "permanent"}]
    with pytest.raises(ManifestProblems, match="must be a value, a list, or one of"):
        _ = sample.connector(tmp_path, outcomes=rows).manifest


@pytest.mark.parametrize("depth", [50, 500, 5_000])
def test_b70_conditions_nested_without_end_are_refused(tmp_path: Path, depth: int) -> None:
    nested = "{any: [" * depth + "{body.x: 1}" + "]}" * depth
    folder = sample.write_folder(
        tmp_path, {"connector.yaml": sample.MANIFEST.replace("{status: 422, body.code: duplicate}", nested)}
    )
    with pytest.raises(ManifestProblems):
        load_manifest(folder / "connector.yaml")


HEADERS = [
    "X-A\r\nHost: evil",
    "X-A: b",
    "X A",
    "",
    "Host",
    "host",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Upgrade",
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "Accept-Encoding",
    "名",
]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("place", ["headers", "idempotency", "lock"])
def test_b71_a_header_that_would_smuggle_or_override_is_refused(tmp_path: Path, header: str, place: str) -> None:
    request: dict[str, object] = {"method": "POST", "path": "/t", "json": "$record"}
    operation: dict[str, object] = {"request": request, "idempotency": {"none": "nothing is offered here"}}
    if place == "headers":
        request["headers"] = {header: "x"}
    else:
        operation[place] = {"header": header}
    with pytest.raises(ManifestProblems):
        _ = sample.connector(tmp_path, operations={"ticket.create": operation}).manifest


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("    name: {from: a}\n    name: {from: b}\n", "stands twice"),
        ("    nmae: {from: a}\n", "no such field; did you mean name"),
        ("    subject: {to: x}\n    note: {to: x}\n", "x"),
    ],
    ids=["twice", "unknown target", "two to one place"],
)
def test_b73_rows_that_contradict_are_refused(tmp_path: Path, rows: str, told: str) -> None:
    kind = "ticket" if "subject" in rows else "customer"
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(f"{kind}:\n  rows:\n{rows}", encoding="utf-8")
    with pytest.raises(MappingInvalid, match=told):
        load_book(mapping)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [1]\nb: *a\n",
        "a: !!python/object/apply:os.system ['id']\n",
        "<<: {schema: 1}\n",
        "schema: 1\n" + "  " * 200 + "x: 1\n",
        "- " * 2_000 + "x\n",
        "\x00",
        "schema: 1\nunknown_key: kept\n",
    ],
    ids=["alias", "tag", "merge", "indent", "deep", "nul", "unknown key"],
)
def test_a_file_that_is_more_than_data_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    folder = sample.write_folder(tmp_path, {"connector.yaml": text})
    with pytest.raises(ManifestProblems) as caught:
        load_manifest(folder / "connector.yaml")
    assert all(problem.line >= 1 for problem in caught.value.problems)


def test_a_key_we_do_not_know_is_refused_in_a_sentence_and_not_carried_along(tmp_path: Path) -> None:
    """Acceptance 10 of the schema, decided the other way: see docs/adr/0026."""
    text = sample.MANIFEST.replace("category: helpdesk\n", "category: helpdesk\nspeeks: [v1]\n")
    folder = sample.write_folder(tmp_path, {"connector.yaml": text})
    with pytest.raises(ManifestProblems) as caught:
        load_manifest(folder / "connector.yaml")
    assert [str(problem.text) for problem in caught.value.problems] == ["unknown key speeks; did you mean speaks?"]


def test_looking_at_a_folder_runs_nothing(tmp_path: Path) -> None:
    folder = sample.write_folder(tmp_path)
    (folder / "hooks.py").write_text("raise SystemExit('run')\n", encoding="utf-8")
    (folder / "__init__.py").write_text("raise SystemExit('run')\n", encoding="utf-8")
    assert Connector(folder).manifest.id == "acme_helpdesk"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
