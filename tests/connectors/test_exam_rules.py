"""Each rule of the exam is proved by a folder that breaks it, and by the line it names."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.connectors import sample

from tieline.services.connector_exam import examine
from tieline.services.connector_quality import QUALITY

UNSENT = "  - {request: {method: GET, url: x}, response: {}}"
BROKEN: Mapping[str, tuple[Mapping[str, str | None], str]] = {
    "not YAML": ({"connector.yaml": "schema: [1\n"}, "connector.yaml:2: "),
    "no manifest": ({"connector.yaml": None}, "connector.yaml:1: the file cannot be read"),
    "id is not the folder": (
        {"connector.yaml": sample.MANIFEST.replace("id: acme_helpdesk", "id: acme")},
        "connector.yaml:2: id is 'acme' but the folder is called 'acme_helpdesk'",
    ),
    "no such capability": (
        {"connector.yaml": sample.MANIFEST.replace("customer.find:", "customer.fnd:")},
        "connector.yaml:12: there is no capability 'customer.fnd'; did you mean customer.find?",
    ),
    "a category that is none": (
        {"connector.yaml": sample.MANIFEST.replace("category: helpdesk", "category: helpdsk")},
        "or 'messaging'; did you mean helpdesk?",
    ),
    "a way to sign in that is none": (
        {"connector.yaml": sample.MANIFEST.replace("kind: bearer", "kind: bearr")},
        "; did you mean bearer?",
    ),
    "a field without a title": (
        {"connector.yaml": sample.MANIFEST.replace("title: API token, ", "")},
        "connector.yaml:8: config.token.title is missing",
    ),
    "a reference to nothing": (
        {"connector.yaml": sample.MANIFEST.replace("$in.phone.e164", "$in.phone.e146")},
        "connector.yaml:13: $in.phone.e146 must be one of",
    ),
    "a write without idempotency": (
        {"connector.yaml": sample.MANIFEST.replace("    idempotency: {header: Idempotency-Key}\n", "")},
        "connector.yaml:15: ticket.create writes, so it needs idempotency",
    ),
    "a write without outcomes": (
        {"connector.yaml": sample.MANIFEST.replace("outcomes:\n", "").replace("  - {when: {status: 422", "#")},
        "connector.yaml:15: ticket.create writes, so it needs outcomes",
    ),
    "a secret in a spelling of its own": (
        {"connector.yaml": sample.MANIFEST.replace("{phone:", '{key: {$base64: "key:${config.token}"}, phone:')},
        "customer.find.yaml:1: a secret is shown in the stage request",
    ),
    "an operation without an example": (
        {"examples/ticket.create.yaml": None},
        "connector.yaml:15: ticket.create has no example",
    ),
    "an intake without an example": (
        {"examples/ringing.yaml": None},
        "connector.yaml:22: the call intake has no example",
    ),
    "a read-back without an example": (
        {
            "connector.yaml": sample.MANIFEST.replace(
                "{header: Idempotency-Key}",
                "{read_back: {operation: customer.find, with: {name: $in.external_id}, holds: {record.x: $in.external_id}}}",
            ),
            "examples/ticket.create.yaml": sample.CREATE_EXAMPLE.replace("        idempotency-key: k-1\n", ""),
        },
        "connector.yaml:17: ticket.create is read back, so it needs an example with read_back: true",
    ),
    "another URL is sent": (
        {"examples/customer.find.yaml": sample.FIND_EXAMPLE.replace("%2B86", "+86")},
        "customer.find.yaml:8: the url sent is",
    ),
    "another header is sent": (
        {"examples/customer.find.yaml": sample.FIND_EXAMPLE.replace("Bearer dummy", "Token dummy")},
        "customer.find.yaml:9: the header authorization sent is",
    ),
    "another body is sent": (
        {"examples/ticket.create.yaml": sample.CREATE_EXAMPLE.replace('{"title":', '{"title": ')},
        "ticket.create.yaml:14: the body sent is",
    ),
    "a request too few is recorded": (
        {
            "connector.yaml": sample.MANIFEST.replace(
                "    records: body.results\n", "    records: body.results\n    pages: {kind: page, param: page}\n"
            ),
            "examples/customer.find.yaml": sample.FIND_EXAMPLE.replace("8000\n      headers", "8000&page=1\n      headers"),
        },
        "customer.find.yaml:6: one more request is sent than recorded",
    ),
    "a request too many is recorded": (
        {
            "examples/customer.find.yaml": sample.FIND_EXAMPLE.replace(
                "outcome: ok", "  - {request: {method: GET, url: x}, response: {}}\noutcome: ok"
            )
        },
        "customer.find.yaml:11: this request is recorded but was not sent",
    ),
    "another outcome": (
        {"examples/customer.find.yaml": sample.FIND_EXAMPLE.replace("outcome: ok", "outcome: not_found")},
        "customer.find.yaml:11: the outcome is ok",
    ),
    "another failure": (
        {
            "examples/customer.find.yaml": sample.FIND_EXAMPLE.replace("status: 200", "status: 500").replace(
                "outcome: ok", "outcome: throttled"
            )
        },
        "customer.find.yaml:11: it fails with upstream_unavailable",
    ),
    "another wait": (
        {
            "examples/customer.find.yaml": sample.FIND_EXAMPLE.replace(
                "status: 200,", "status: 429, headers: {retry-after: '7'},"
            ).replace("outcome: ok", "outcome: throttled\nwait_s: 8")
        },
        "customer.find.yaml:12: the vendor's wish to wait is read as 7.0 s",
    ),
    "other records": (
        {"examples/customer.find.yaml": sample.FIND_EXAMPLE.replace('records: [{id: "7"', 'records: [{id: "8"')},
        "customer.find.yaml:12: the records are",
    ),
    "another mapping": (
        {"mapping.yaml": sample.MAPPING.replace("field: name", "field: nom")},
        "customer.find.yaml:13: the mapping gives",
    ),
    "another result": (
        {"examples/ticket.create.yaml": sample.CREATE_EXAMPLE.replace('id: "42"', 'id: "43"')},
        "ticket.create.yaml:16: the result is",
    ),
    "other events": (
        {"examples/ringing.yaml": sample.INTAKE_EXAMPLE.replace("call_id: c-1", "call_id: c-2")},
        "ringing.yaml:7: the events are",
    ),
    "a refused event": (
        {"examples/ringing.yaml": sample.INTAKE_EXAMPLE.replace("x-token: dummy", "x-token: other")},
        "ringing.yaml:1: it is refused: signature_invalid",
    ),
    "an example that is none": (
        {"examples/customer.find.yaml": sample.FIND_EXAMPLE.replace("exchanges:", "exchange:")},
        "customer.find.yaml:5: unknown key exchange; did you mean exchanges?",
    ),
    "no mapping of a kind": (
        {"mapping.yaml": sample.MAPPING.partition("ticket:")[0]},
        "mapping.yaml:1: there is no mapping of the kind ticket, which ticket.create needs",
    ),
    "a row that names no canonical field": (
        {"mapping.yaml": sample.MAPPING.replace("    name:", "    nmae:")},
        "mapping.yaml:4: customer.nmae: customer has no such field; did you mean name?",
    ),
    "a row that stands twice": (
        {
            "mapping.yaml": sample.MAPPING.replace(
                "    name: {field: name}\n", "    name: {field: name}\n    name: {field: nom}\n"
            )
        },
        "mapping.yaml:5: ",
    ),
    "a field the README forgets": (
        {"README.md": "`base_url` is the address. A tokenless world would be nicer.\n"},
        "README.md:1: the field token is not explained",
    ),
    "a quality rule that is not listed": (
        {"quality.yaml": sample.QUALITY.replace("  phones: done\n", "")},
        "quality.yaml:1: the rule phones is not listed",
    ),
    "a quality rule that is none": (
        {"quality.yaml": sample.QUALITY + "  pagings: done\n"},
        "quality.yaml:14: there is no rule 'pagings'; did you mean paging?",
    ),
    "a quality rule without a reason": (
        {"quality.yaml": sample.QUALITY.replace("{todo: look them up}", "todo")},
        "quality.yaml:10: ",
    ),
}


async def test_the_sound_folder_passes(tmp_path: Path) -> None:
    assert await examine(sample.write_folder(tmp_path)) == ()


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_folder_is_told_with_file_and_line(tmp_path: Path, name: str) -> None:
    changes, expected = BROKEN[name]
    told = [str(problem) for problem in await examine(sample.write_folder(tmp_path, changes))]
    assert any(expected in line for line in told), told


async def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    changes = {"README.md": "", "quality.yaml": "rules: {}\n", "examples/ringing.yaml": None}
    told = await examine(sample.write_folder(tmp_path, changes))
    assert len(told) == 2 + len(QUALITY) + 1
