"""What a connector file may not say about mail."""

from pathlib import Path
from typing import Any

import pytest
from tests.connectors.sample import connector

from tieline.connectors.connection import open_connection
from tieline.connectors.manifest.problems import ManifestProblems
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.clock import utc_now
from tieline.security.egress import Egress

SEND = {"request": {"method": "SEND", "json": {"from": "a@b.example"}}, "idempotency": {"none": "nobody knows"}}
FAULTS: dict[str, dict[str, Any]] = {
    "a key nobody keeps": {**SEND, "idempotency": {"header": "Idempotency-Key"}},
    "a promise nobody gives": {**SEND, "idempotency": {"repeatable": "it is only mail"}},
    "no letter": {**SEND, "request": {"method": "SEND"}},
    "a letter that is a form": {**SEND, "request": {"method": "SEND", "form": {"from": "a@b.example"}}},
}


@pytest.mark.parametrize("declared", FAULTS.values(), ids=FAULTS)
def test_a_faulty_letter_is_told_when_the_file_is_loaded(tmp_path: Path, declared: dict[str, Any]) -> None:
    with pytest.raises(ManifestProblems):
        _ = connector(tmp_path, operations={"message.send": declared}).manifest


def test_nothing_has_no_body(tmp_path: Path) -> None:
    with pytest.raises(ManifestProblems):
        _ = connector(tmp_path, operations={"system.ping": {"request": {"method": "NOOP", "json": {"a": "b"}}}}).manifest


@pytest.mark.parametrize(
    ("host", "operation", "declared"),
    [
        ("$config.base_url", "message.send", SEND),
        ("smtps://mail.example.com", "system.ping", {"request": {"path": "/ping"}}),
    ],
)
def test_a_server_is_asked_what_it_understands(tmp_path: Path, host: str, operation: str, declared: dict[str, Any]) -> None:
    made_up = connector(tmp_path, hosts={"main": host}, operations={operation: declared})
    config, secrets = {"base_url": "https://crm.example.com"}, {"token": "t"}
    with pytest.raises(VendorMisconfigured, match="SEND and NOOP"):
        open_connection("crm", made_up, config=config, secrets=secrets, clock=utc_now, egress=Egress())
