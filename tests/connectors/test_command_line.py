"""`tieline connector …` as a person sees it."""

from pathlib import Path

import pytest
from tests.connectors import sample
from tests.connectors.shell import Shell
from tests.unit.connectors.wires import FakeWire, json_answer

from tieline.connectors.registry import Connector
from tieline.connectors.wire.messages import Incoming, Outgoing


def answering(outgoing: Outgoing) -> Incoming:
    if outgoing.method == "POST":
        return json_answer({"ticket": {"id": 42, "url": "https://acme.example.com/t/42"}}, 201)
    return json_answer({"results": [{"id": "7", "name": "Li Wei", "echo": "s3cr3t-token"}]})


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, answering)


def test_list_names_each_connector_and_what_it_can_do(shell: Shell) -> None:
    sample.write_folder(shell.root)
    sample.write_folder(shell.root, {"connector.yaml": "schema: 9\n"}, name="broken")
    code, told = shell("list")
    assert code == 0
    assert "customer.find, ticket.create, call events" in told
    assert "connector.yaml:1: " in told


def test_show_names_the_fields_and_operations(shell: Shell) -> None:
    sample.write_folder(shell.root)
    code, told = shell("show", "acme_helpdesk")
    assert code == 0
    assert all(word in told for word in ("base_url", "API token", "GET /contacts/search", "call events: ringing"))


def test_check_passes_a_sound_folder(shell: Shell) -> None:
    assert shell("check", str(sample.write_folder(shell.root))) == (0, "It passes.\n")


def test_check_prints_file_and_line_and_fails(shell: Shell) -> None:
    folder = sample.write_folder(shell.root, {"README.md": "`base_url`"})
    assert shell("check", str(folder)) == (1, f"{folder}/README.md:1: the field token is not explained\n")


@pytest.mark.parametrize("category", ["crm", "erp", "helpdesk", "pbx", "messaging"])
def test_new_writes_a_folder_that_loads_and_whose_example_still_fails(shell: Shell, category: str) -> None:
    code, told = shell("new", "acme_thing", "--category", category, "--name", 'Acme: "Thing" #1', "--in", str(shell.root))
    assert (code, told.count("wrote ")) == (0, 4 if category == "pbx" else 5)
    assert Connector(shell.root / "acme_thing").manifest.name == 'Acme: "Thing" #1'
    code, told = shell("check", str(shell.root / "acme_thing"))
    assert code == 1
    assert all("/examples/" in line for line in told.splitlines())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("new", "../x", "--category", "crm"), "an id is a word"),
        (("new", "Acme", "--category", "crm"), "an id is a word"),
        (("new", "acme", "--category", "fax"), "the category is one of"),
        (("show", "nothing"), "there is no connector 'nothing'"),
        (("check", "nothing"), "there is no connector 'nothing'"),
        (("try", "nothing", "customer.find"), "there is no connection of this name"),
        (("try", "helpdesk", "customer.find", "phone"), "inputs are written key=value"),
        (("try", "helpdesk", "customer.find", "fone=1"), "there is no input 'fone'"),
        (("try", "helpdesk", "order.list"), "does not offer order.list"),
        (("try", "helpdesk", "nonsense"), "does not offer nonsense"),
        (("try", "helpdesk", "ticket.create", "record={}"), "changes something in the other system"),
        (("try", "helpdesk", "ticket.create", "record=x", "--write"), "record is written as JSON"),
        (("try", "helpdesk", "customer.find"), "the input phone is missing"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(shell: Shell, arguments: tuple[str, ...], told: str) -> None:
    sample.write_folder(shell.root)
    code, printed = shell(*arguments)
    assert code == 1
    assert told in printed
    assert "Traceback" not in printed


def test_new_does_not_overwrite(shell: Shell) -> None:
    sample.write_folder(shell.root)
    code, told = shell("new", "acme_helpdesk", "--category", "crm", "--in", str(shell.root))
    assert (code, "already something" in told) == (1, True)


def test_try_shows_every_stage_and_no_secret(shell: Shell) -> None:
    sample.write_folder(shell.root)
    code, told = shell("try", "helpdesk", "customer.find", "phone=138 0013 8000")
    assert code == 0
    stages = [line.split()[0] for line in told.splitlines() if line.endswith("───")]
    assert stages == ["request", "response", "outcome", "records", "mapped", "result"]
    assert "url: https://acme.example.com/contacts/search?phone=%2B8613800138000" in told
    assert [cell.strip() for cell in next(line for line in told.splitlines() if line.startswith("│ name")).split("│")[1:-1]] == [
        "name",
        "name",
        "",
        "Li Wei",
        "Li Wei",
        "",
    ]
    assert "s3cr3t" not in told


def test_try_carries_out_a_write_when_told_to(shell: Shell) -> None:
    sample.write_folder(shell.root)
    code, told = shell("try", "helpdesk", "ticket.create", 'record={"subject": "坏了"}', "--write")
    assert code == 0
    assert "external_id: 42" in told
    assert shell.wire.sent[0].body == '{"title":"坏了"}'.encode()
    assert len(shell.wire.sent[0].headers["idempotency-key"]) >= 20


def test_try_ends_with_1_when_the_vendor_refuses(shell: Shell) -> None:
    sample.write_folder(shell.root)
    shell.wire = FakeWire(lambda _: json_answer({"code": "duplicate", "detail": "exists already"}, 422))
    code, told = shell("try", "helpdesk", "customer.find", "phone=+8613800138000")
    assert code == 1
    assert "message: exists already" in told
    assert "code: upstream_duplicate" in told


def test_try_shows_that_it_signed_in_and_nothing_of_the_token(tmp_path: Path) -> None:
    auth = "{kind: oauth2_client_credentials, token_url: '${config.base_url}/token', client_id: us, client_secret: $config.token}"
    sample.write_folder(tmp_path, {"connector.yaml": sample.MANIFEST.replace("{kind: bearer, token: $config.token}", auth, 1)})
    answers = {"/token": {"access_token": "fr3sh-t0ken", "expires_in": 60}}
    shell = Shell(
        tmp_path, lambda sent: json_answer(answers.get(sent.url[-6:], {"results": [{"id": "7", "note": "fr3sh-t0ken"}]}))
    )
    code, told = shell("try", "helpdesk", "customer.find", "phone=+8613800138000")
    stages = [line.split("─")[0].strip() for line in told.splitlines() if line.endswith("───")]
    assert (code, stages) == (0, ["sign in", "request", "response", "outcome", "records", "mapped", "result"])
    assert "url: https://acme.example.com/token" in told
    assert "fr3sh" not in told


def test_try_tells_of_each_page(tmp_path: Path) -> None:
    paged = sample.MANIFEST.replace(
        "    records: body.results\n", "    records: body.results\n    pages: {kind: page, param: page, size: 1}\n"
    )
    sample.write_folder(tmp_path, {"connector.yaml": paged})
    pages = {"page=1": [{"id": "7"}], "page=2": [{"id": "8"}], "page=3": []}
    shell = Shell(tmp_path, lambda sent: json_answer({"results": pages[sent.url.rpartition("&")[2]]}))
    code, told = shell("try", "helpdesk", "customer.find", "phone=+8613800138000")
    assert (code, [line for line in told.splitlines() if "page=" in line]) == (
        0,
        [f"url: https://acme.example.com/contacts/search?phone=%2B8613800138000&page={number}" for number in (1, 2, 3)],
    )
