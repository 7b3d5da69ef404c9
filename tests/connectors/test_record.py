"""`tieline connector record`: one real exchange becomes an example that replays and names nobody."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import pytest
import yaml
from tests.connectors import sample
from tests.connectors.shell import Shell
from tests.unit.connectors.wires import json_answer

from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.line import Line
from tieline.domain.phone_normalise import normalise
from tieline.services.authoring import record as recording_service
from tieline.services.authoring.scrub import Scrubber
from tieline.services.authoring.survivors import Survivors

CANARY: Final = "cAnArY-t0ken/+=&"
CALLER: Final = "+8618612345678"
PERSON: Final[Mapping[str, Any]] = {
    "id": "360009876543",
    "name": "欧阳明月",
    "kind": "mobile",
    "phone": "186 1234 5678",
    "phone2": "0086-18612345678",
    "landline": 861087654321,
    "email": "mingyue.ouyang@realcorp.cn",
    "note": "She (欧阳明月) prefers calls after 18:00 at 18612345678.",
    "extra": '{"nickname": "yueyue", "token": "' + CANARY + '"}',
    "status": "open",
    "visits": 17,
    "balance": "12.50",
    "created_at": "2026-03-04T05:06:07Z",
    "url": "https://realcorp.acme.example.com/contacts/360009876543?tab=calls",
    "by_email": {"mingyue.ouyang@realcorp.cn": True},
}
REAL: Final = ("欧阳", "18612345678", "186 1234", "realcorp", "mingyue", "yueyue", "360009876543", "87654321", "cAnArY", "18:00")
MANIFEST: Final = sample.MANIFEST.partition("inbound:")[0]
MAPPING: Final = """\
customer:
  rows:
    id: {from: id, required: true}
    name: {field: name}
    phones: {from: [phone, phone2], as: phone(CN)}
    emails: {from: email}
    tier: {from: status, values: {open: regular}}
ticket:
  rows:
    id: {from: id, required: true}
    subject: {field: title}
"""


def answering(outgoing: Outgoing) -> Incoming:
    if outgoing.method == "POST":
        return json_answer({"ticket": {"id": 420017, "url": "https://realcorp.acme.example.com/t/420017"}}, 201)
    return json_answer({"results": [PERSON]}, headers={"x-request-id": CANARY, "set-cookie": f"s={CANARY}"})


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    without = {"examples/customer.find.yaml": None, "examples/ringing.yaml": None, "connector.yaml": MANIFEST}
    sample.write_folder(tmp_path, {**without, "mapping.yaml": MAPPING})
    config = {"base_url": "https://realcorp.acme.example.com"}
    return Shell(tmp_path, answering, config=config, secrets={"token": CANARY})


def written(shell: Shell, name: str = "customer.find") -> str:
    return (shell.root / "acme_helpdesk" / "examples" / f"{name}.yaml").read_text(encoding="utf-8")


def record(shell: Shell, *arguments: str) -> tuple[int, str]:
    return shell("record", "helpdesk", *arguments, "--to", str(shell.root / "acme_helpdesk"))


def test_the_example_names_nobody_and_passes_the_exam(shell: Shell) -> None:
    code, told = record(shell, "customer.find", f"phone={CALLER}")
    assert (code, "read it before you share it" in told) == (0, True)
    text = written(shell)
    assert [real for real in REAL if real in text] == []
    assert [real for real in REAL if real in told] == []
    assert shell("check", str(shell.root / "acme_helpdesk")) == (0, "It passes.\n")


def test_one_person_stays_one_person_and_words_stay_words(shell: Shell) -> None:
    record(shell, "customer.find", f"phone={CALLER}")
    example = yaml.safe_load(written(shell))
    (person,) = example["exchanges"][0]["response"]["json"]["results"]
    number = normalise(example["in"]["phone"], line=Line(number="", name="", country="CN"))
    for spelled in (person["phone"], person["phone2"]):
        assert normalise(spelled, line=Line(number="", name="", country="CN")).e164 == number.e164
    assert person["phone"].count(" ") == 2
    assert (person["kind"], person["status"], person["visits"]) == ("mobile", "open", 17)
    assert (person["balance"], person["created_at"]) == ("12.50", "2026-03-04T05:06:07Z")
    assert person["url"].endswith(f"/contacts/{person['id']}?tab=calls")
    assert list(person["by_email"]) == [person["email"]]
    assert example["mapped"][0]["phones"] == [number.e164]
    assert example["mapped"][0]["tier"] == "regular"
    assert "x-request-id" not in written(shell)


def test_what_was_replaced_is_listed_by_place_and_kind(shell: Shell) -> None:
    _, told = record(shell, "customer.find", f"phone={CALLER}")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in told.splitlines() if line.startswith("│")]
    kinds = {place: kind for place, kind, _ in rows}
    assert kinds["in.phone"] == "number"
    assert kinds["exchange 1: body.results[0].name"] == "name"
    assert kinds["exchange 1: body.results[0].email"] == "email"
    assert kinds["exchange 1: body.results[0].note"] == "text"


def test_a_write_needs_to_be_allowed_and_is_recorded_with_its_result(shell: Shell) -> None:
    (shell.root / "acme_helpdesk/examples/ticket.create.yaml").unlink()
    asked = ("ticket.create", 'record={"subject": "欧阳明月 18612345678"}')
    assert record(shell, *asked)[0] == 1
    assert shell.wire.sent == []
    assert record(shell, *asked, "--write")[0] == 0
    example = yaml.safe_load(written(shell, "ticket.create"))
    assert example["in"]["idempotency_key"] == "example-key-1"
    assert example["result"]["url"].endswith(f"/t/{example['result']['id']}")
    assert [real for real in (*REAL, "420017") if real in written(shell, "ticket.create")] == []


def test_a_refusal_is_recorded_as_one(shell: Shell) -> None:
    shell.wire._answering = lambda _: json_answer({"code": "duplicate", "detail": f"{CALLER} exists"}, 422)
    assert record(shell, "customer.find", f"phone={CALLER}", "--title", "Already there")[0] == 0
    example = yaml.safe_load(written(shell, "already-there"))
    assert (example["outcome"], example["exchanges"][0]["response"]["json"]["code"]) == ("duplicate", "duplicate")
    assert CALLER[3:] not in written(shell, "already-there")


def test_a_sign_in_is_recorded_with_a_made_up_token(tmp_path: Path) -> None:
    auth = "{kind: oauth2_client_credentials, token_url: '${config.base_url}/token', client_id: us, client_secret: $config.token}"
    manifest = MANIFEST.replace("{kind: bearer, token: $config.token}", auth)
    sample.write_folder(tmp_path, {"connector.yaml": manifest, "mapping.yaml": MAPPING})

    def answer(outgoing: Outgoing) -> Incoming:
        if outgoing.url.endswith("/token"):
            assert parse_qs((outgoing.body or b"").decode())["client_secret"] == [CANARY]
            return json_answer({"access_token": "r3al-acc3ss", "expires_in": 3600, "scope": "all"})
        assert outgoing.headers["authorization"] == "Bearer r3al-acc3ss"
        return json_answer({"results": [PERSON]})

    shell = Shell(tmp_path, answer, config={"base_url": "https://realcorp.acme.example.com"}, secrets={"token": CANARY})
    assert record(shell, "customer.find", f"phone={CALLER}", "--title", "signed in")[0] == 0
    example = yaml.safe_load(written(shell, "signed-in"))
    token = example["exchanges"][0]["response"]["json"]["access_token"]
    assert len(example["exchanges"]) == 2
    assert example["exchanges"][1]["request"]["headers"]["authorization"] == f"Bearer {token}"
    assert [real for real in (*REAL, "r3al") if real in written(shell, "signed-in")] == []


def test_nothing_is_overwritten(shell: Shell) -> None:
    record(shell, "customer.find", f"phone={CALLER}")
    before = written(shell)
    code, told = record(shell, "customer.find", f"phone={CALLER}")
    assert (code, "already an example" in told, written(shell)) == (1, True, before)


@pytest.mark.parametrize(
    ("leak", "sort"),
    [
        (CANARY, "a secret"),
        ("1-8.6 1/2345-678", "a real telephone number"),
        ("realcorp.acme.example.com", "a value that was given"),
    ],
)
def test_whatever_survives_the_scrubbing_is_refused(shell: Shell, monkeypatch: pytest.MonkeyPatch, leak: str, sort: str) -> None:
    """The scrubber is switched off; only the last look stands between the real answer and the file."""
    monkeypatch.setattr(Scrubber, "body", lambda *_, **__: b'{"results": [{"id": "1", "status": "' + leak.encode() + b'"}]}')
    code, told = record(shell, "customer.find", f"phone={CALLER}")
    assert (code, sort in told, leak in told) == (1, True, False)
    assert not (shell.root / "acme_helpdesk/examples/customer.find.yaml").exists()


def test_it_is_the_last_look_that_refuses(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both switched off the secret is written: so the test before this one can fail."""
    leaking = b'{"results": [{"id": "1", "status": "' + CANARY.encode() + b'"}]}'
    monkeypatch.setattr(Scrubber, "body", lambda *_, **__: leaking)
    monkeypatch.setattr(recording_service, "refuse_survivors", lambda *_: None)
    assert record(shell, "customer.find", f"phone={CALLER}")[0] == 0
    assert CANARY in written(shell)


@pytest.mark.parametrize(
    "hidden",
    [
        "s3cr3t/token",
        "x=s3cr3t%2Ftoken&y",
        "czNjcjN0L3Rva2Vu",
        "cHJlZml4OnMzY3IzdC90b2tlbg==",
        "%73%33cr3t/token",
        "s3cr3t\\/token",
    ],
    ids=["plain", "percent", "base64", "inside base64", "needlessly percent", "escaped"],
)
def test_a_secret_is_found_in_every_spelling(hidden: str) -> None:
    assert Survivors(secrets=["s3cr3t/token"]).found_in(f"body: {hidden}") == ("a secret",)


def test_when_a_made_up_value_changes_the_outcome_nothing_is_written(shell: Shell) -> None:
    manifest = MANIFEST.replace(
        "outcomes:\n", "outcomes:\n  - {when: {status: 2xx, 'body.results[0].note': {contains: prefers}}, is: partial}\n"
    )
    (shell.root / "acme_helpdesk/connector.yaml").write_text(manifest)
    code, told = record(shell, "customer.find", f"phone={CALLER}")
    assert (code, "with made-up values the exchange ends in" in told) == (1, True)
    assert not (shell.root / "acme_helpdesk/examples/customer.find.yaml").exists()


def test_when_made_up_values_lead_to_further_questions_nothing_is_written(shell: Shell) -> None:
    """The real cursor is the word `none`; its stand-in would be followed."""
    pages = "    records: body.results\n    pages: {kind: cursor, param: after, next: body.next_id}\n"
    (shell.root / "acme_helpdesk/connector.yaml").write_text(MANIFEST.replace("    records: body.results\n", pages))
    shell.wire._answering = lambda _: json_answer({"results": [PERSON], "next_id": "false"})
    code, told = record(shell, "customer.find", f"phone={CALLER}")
    assert (code, "asks for more than it did in earnest" in told) == (1, True)
