"""A manifest's faults, told with line and cure. The exam's tests cover those of a whole folder."""

import re
from pathlib import Path

import pytest
from tests.connectors import sample

from tieline.connectors.manifest.load import load_manifest
from tieline.connectors.manifest.problems import ManifestProblems

GOOD = sample.MANIFEST


def plan(steps: str) -> str:
    """The sample with its first operation in steps, on line 14, over parts that stand behind the operations."""
    in_steps = GOOD.replace(
        "    request: {method: GET, path: /contacts/search, query: {phone: $in.phone.e164}}\n    records: body.results\n",
        f"    steps:\n      [{steps}]\n",
    )
    parts = (
        "parts:\n"
        "  look: {request: {path: /look, query: {p: $in.phone.e164}}}\n"
        "  of_address: {request: {path: /a/$saved.address}}\n"
        "  put: {writes: true, request: {method: POST, path: /p}, idempotency: {repeatable: it sets given values}}\n"
    )
    return in_steps.replace("outcomes:\n", f"{parts}outcomes:\n")


FAULTS = {
    "an unknown key": (
        GOOD.replace("query:", "qurey:"),
        13,
        "unknown key operations.customer.find.request.qurey; did you mean query?",
    ),
    "an unknown kind": (GOOD.replace("kind: bearer", "kind: bearr"), 9, "auth.kind must be one of 'none', 'bearer'"),
    "a kind that is missing": (GOOD.replace("kind: bearer, ", ""), 9, "auth needs a kind"),
    "an unknown outcome": (GOOD.replace("is: duplicate", "is: dup"), 20, "outcomes.0.is must be 'ok', 'not_found'"),
    "no status": (GOOD.replace("422", "42x"), 20, "a status is written 404, 4xx"),
    "a path to nowhere": (GOOD.replace("body.results", "results"), 14, "must start with body, header, status or content_type"),
    "no path": (GOOD.replace("body.results", "body..results"), 14, "is not a path"),
    "an unknown config field": (
        GOOD.replace("$config.token}\nlimits", "$config.tokn}\nlimits"),
        9,
        "there is no config field $config.tokn",
    ),
    "an unknown input": (GOOD.replace("$in.phone.e164", "$in.fone"), 13, "there is no input $in.fone; did you mean phone?"),
    "a number without its part": (GOOD.replace("$in.phone.e164", "$in.phone"), 13, "must be one of $in.phone.calling_code"),
    "a part of a plain input": (GOOD.replace("$in.phone.e164", "$in.number.x"), 13, "$in.number has no parts"),
    "a record in a read": (
        GOOD.replace("$in.phone.e164", "$record.x"),
        13,
        "$record.x cannot be used here; there are $config, $in",
    ),
    "an input in the sign-in": (GOOD.replace("token: $config.token}", "token: $in.number}"), 9, "$in.number cannot be used here"),
    "a malformed reference": (GOOD.replace("$in.phone.e164", "$in."), 13, "is not a reference"),
    "an unknown cast": (GOOD.replace("{phone: $in.phone.e164}", "{phone: {$eval: x}}"), 13, "unknown cast '$eval'"),
    "an unknown host": (GOOD.replace("path: /tickets,", "path: /tickets, host: gateway,"), 16, "there is no host 'gateway'"),
    "two bodies": (GOOD.replace("json: $record", "json: $record, form: {}"), 16, "a request has one body"),
    "a body in a GET": (GOOD.replace("query: {phone", "json: {phone"), 13, "a GET request has no body"),
    "a relative path": (GOOD.replace("/tickets", "tickets"), 16, "string should match pattern"),
    "a query in the path": (GOOD.replace("/tickets", "/tickets?x=1"), 16, "string should match pattern"),
    "a header that smuggles": (GOOD.replace("Idempotency-Key", '"X\\r\\nHost: evil"'), 17, "is not a header name"),
    "a header that is ours": (
        GOOD.replace("header: Idempotency-Key", "header: Host"),
        17,
        "the header Host is set by the engine",
    ),
    "credentials as a header": (
        GOOD.replace("path: /tickets,", "path: /tickets, headers: {authorization: x},"),
        16,
        "credentials belong under auth:",
    ),
    "two idempotency choices": (GOOD.replace("{header: Idempotency-Key}", "{header: A, field: b}"), 17, "choose one"),
    "no reason for none": (GOOD.replace("{header: Idempotency-Key}", "{none: no}"), 17, "should have at least 10 characters"),
    "a key of ours that is not sent": (
        GOOD.replace("{header: Idempotency-Key}", "{client_id: external_id}"),
        17,
        "the request does not send $in.external_id",
    ),
    "a read-back that writes": (
        GOOD.replace(
            "{header: Idempotency-Key}",
            "{read_back: {operation: ticket.create, with: {name: x}, holds: {record.a: 1}}}",
        ),
        17,
        "ticket.create is no operation of this file that reads",
    ),
    "a read-back that proves nothing": (
        GOOD.replace("{header: Idempotency-Key}", "{read_back: {operation: customer.find, with: {name: x}, holds: {}}}"),
        17,
        "at least 1 item",
    ),
    "a read-back by what only the answer knows": (
        GOOD.replace(
            "{header: Idempotency-Key}",
            "{read_back: {operation: customer.find, with: {name: $result.id}, holds: {record.a: 1}}}",
        ),
        17,
        "$result.id cannot be used here",
    ),
    "a read-back with an input there is not": (
        GOOD.replace(
            "{header: Idempotency-Key}",
            "{read_back: {operation: customer.find, with: {fone: x}, holds: {record.a: 1}}}",
        ),
        17,
        "there is no input 'fone'; did you mean phone?",
    ),
    "a lock in two places": (
        GOOD.replace("    result: {id", "    lock: {header: If-Match, field: a}\n    result: {id"),
        18,
        "name one of the two",
    ),
    "two roots of one document": (GOOD.replace("json: $record", "xml: {a: 1, b: 2}"), 16, "an XML tree has one root element"),
    "a name XML does not have": (GOOD.replace("json: $record", "xml: {a: {b c: 2}}"), 16, "'b c' is no name"),
    "an item where the answer is meant": (
        GOOD.replace("{status: 422, body.code", "{item.code: 1, body.code"),
        20,
        "must start with",
    ),
    "paging by windows without an end": (
        GOOD.replace("    records: body.results\n", "    pages: {kind: window, param: a, window_s: 60}\n"),
        14,
        "paging of the kind window needs until_param",
    ),
    "an option a cast does not have": (
        GOOD.replace("{phone: $in.phone.e164}", "{since: {$time: {of: $in.since, as: iso, zoom: x}}}"),
        13,
        "there is no option 'zoom'",
    ),
    "a step there is not": (plan("{do: looks}"), 14, "there is no part 'looks' with a request of its own; did you mean look?"),
    "a look-up that writes": (plan("{do: put}"), 14, "customer.find only reads, and put writes"),
    "a value nobody saved": (
        plan("{do: look, save: {address: record.a}}, {do: of_address}").replace("$saved.address", "$saved.adress"),
        14,
        "no earlier step has saved 'adress'; did you mean address?",
    ),
    "a condition on what nobody saved": (
        plan("{do: look, when: {saved.x: {exists: false}}}"),
        14,
        "no earlier step has saved 'x'",
    ),
    "an input a step cannot be given": (plan("{do: look, with: {fone: x}}"), 14, "there is no input 'fone'; did you mean phone?"),
    "too many steps": (plan(", ".join(["{do: look}"] * 9)), 13, "at most 8 items"),
    "a key for a whole plan": (
        plan("{do: put}]\n    idempotency: {header: X-Key").replace("X-Key]", "X-Key}").replace("customer.find", "ticket.update"),
        12,
        "a key goes with a request",
    ),
    "a part that writes without a choice": (
        GOOD.replace("outcomes:\n", "parts:\n  put: {writes: true, request: {method: POST, path: /p}}\noutcomes:\n"),
        20,
        "put writes, so it needs idempotency",
    ),
    "idempotency for a read": (
        GOOD.replace("    records: body.results\n", "    records: body.results\n    idempotency: {header: A}\n"),
        15,
        "customer.find only reads",
    ),
    "paging without a parameter": (
        GOOD.replace("    records: body.results\n", "    pages: {kind: cursor, next: body.next}\n"),
        14,
        "paging of the kind cursor needs param",
    ),
    "a choice without choices": (GOOD.replace("type: url", "type: choice"), 7, "choices are given exactly when"),
    "a secret with a default": (GOOD.replace("secret: true", "secret: true, default: x"), 8, "a secret has no default"),
    "text for a number": (GOOD.replace("per_second: 1000", "per_second: many"), 10, "limits.per_second"),
    "too large a number": (GOOD.replace("concurrency: 50", "concurrency: 5000"), 10, "limits.concurrency"),
    "another schema": (GOOD.replace("schema: 1", "schema: 2"), 1, "schema must be 1"),
    "a field no event has": (
        GOOD.replace("fields: {call_id", "fields: {caller: body.x, call_id"),
        26,
        "'caller' is not a field of a call event",
    ),
    "an event without a call": (GOOD.replace("{call_id: body.id, from", "{from"), 26, "an event needs call_id"),
    "an event field of no shape": (
        GOOD.replace("from: body.from", "from: {path: body.from}"),
        26,
        "write a path, a list of paths",
    ),
    "an unknown event": (GOOD.replace("emit: ringing", "emit: rings"), 26, "emit must be 'queued', 'ringing'"),
    "verification by nothing": (
        GOOD.replace("{kind: static_header, header: X-Token, value: $config.token}", "{kind: none}"),
        24,
        "because is missing",
    ),
    "a key that stands twice": (GOOD.replace("category: helpdesk\n", "category: helpdesk\ncategory: crm\n"), 5, "stands twice"),
    "an anchor": (GOOD.replace("name: Acme Helpdesk", "name: &a Acme"), 3, "anchors are not taken"),
    "no map at all": ("- 1\n", 1, "the file must be a map"),
    "nothing at all": ("", 1, "the file must be a map"),
}


def told(folder: Path, text: str) -> list[str]:
    file = sample.write_folder(folder, {"connector.yaml": text}) / "connector.yaml"
    with pytest.raises(ManifestProblems) as caught:
        load_manifest(file)
    return [f"{problem.line}: {problem.text}" for problem in caught.value.problems]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_line_and_nothing_else_is(tmp_path: Path, name: str) -> None:
    text, line, expected = FAULTS[name]
    lines = told(tmp_path, text)
    assert any(re.match(rf"{line}: .*{re.escape(expected)}", each) for each in lines), lines
    assert {each.partition(":")[0] for each in lines} == {str(line)}


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("query:", "qurey:").replace("is: duplicate", "is: dup").replace("type: url", "type: uri")
    assert [line.partition(":")[0] for line in told(tmp_path, text)] == ["7", "13", "20"]


def test_a_connector_that_only_listens_needs_no_address(tmp_path: Path) -> None:
    text = (
        GOOD.partition("operations:")[0].replace("  base_url: {title: Base URL, type: url}\n", "")
        + GOOD[GOOD.index("inbound:") :]
    )
    folder = sample.write_folder(tmp_path, {"connector.yaml": text})
    assert load_manifest(folder / "connector.yaml").operations == {}


def test_text_stays_text(tmp_path: Path) -> None:
    text = GOOD.replace("body.code: duplicate", "body.code: [+8613800138000, 013800138000, no, 1e5]")
    manifest = load_manifest(sample.write_folder(tmp_path, {"connector.yaml": text}) / "connector.yaml")
    assert manifest.outcomes[0].when["body.code"] == ["+8613800138000", "013800138000", "no", "1e5"]
