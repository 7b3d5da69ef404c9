"""What a manifest says of events that come in: what it refers to exists, what claims to prove does, examples are replayed."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.connectors import sample

from tieline.services.connector_exam import examine

EVENT = """\
  event:
    accept: [json]
    verify:
      - kind: signature
        given: header.X-Sig
        expected: {hmac: sha256, key: $config.token, of: [$request.header.x-time, $request.body], as: base64}
      - {kind: timestamp, at: {from: header.X-Time, format: epoch_s}}
    challenges:
      - {method: POST, when: {body.type: check}, reply: {status: 200, json: {challenge: $body.challenge}}}
    dedupe: [header.x-id]
    reply: {status: 200, text: "ok ${body.id}"}
    events:
      - {when: {body.type: changed}, emit: ticket.changed, id: body.id, refetch: true}
      - {when: {body.type: ping}, emit: nothing}
  poll:
    - {operation: ticket.changed, every_s: 120}
  subscription: {lifetime_s: 3600, renew_before_s: 600}
"""
OPERATIONS = """\
  ticket.get:
    request: {method: GET, path: "/tickets/${in.ticket_id}"}
    records: body.ticket
  ticket.changed:
    request: {method: GET, path: /tickets, query: {since: $in.since}}
    records: body.tickets
  event.subscribe:
    request: {method: POST, path: /hooks, json: {url: $in.callback_url}}
    idempotency: {none: "a second subscription is told as a duplicate"}
inbound:
"""
MANIFEST = sample.MANIFEST.replace("outcomes:\n", "", 1).replace("  - {when: {status: 422", "#") + EVENT
MANIFEST = MANIFEST.replace("inbound:\n", OPERATIONS, 1)
FIRST_LINE = MANIFEST[: MANIFEST.index("  event:\n")].count("\n") + 1
EXAMPLE = """\
intake: event
config: {base_url: "https://acme.example.com"}
secrets: {token: dummy-token}
at: 2026-11-22T10:00:00Z
request:
  headers: {x-sig: "ZeU0xjgFX/ufFFGITW0C7rfSbN8mBPtOnyn9FiKzXYE=", x-time: "1795341600", x-id: d-1}
  body: '{"type": "changed", "id": "42"}'
events: [{kind: ticket.changed, external_id: "42", refetch: true}]
faults: []
skipped: 0
dedupe_key: d-1
reply: {status: 200, content_type: text/plain; charset=utf-8, body: ok 42, headers: {}}
"""


async def faults(folder: Path, changes: Mapping[str, str | None]) -> list[str]:
    files = {"connector.yaml": MANIFEST, "examples/changed.yaml": EXAMPLE, **changes}
    told = [str(problem) for problem in await examine(sample.write_folder(folder, files))]
    return [
        line.rpartition("acme_helpdesk/")[2] for line in told if "has no example" not in line and "needs outcomes" not in line
    ]


async def test_an_event_is_replayed_as_door_inbox_and_worker_see_it(tmp_path: Path) -> None:
    assert await faults(tmp_path, {}) == []


WRONG_EXAMPLES = {
    "the signature": ("ZeU0", "AeU0", "it is refused: signature_invalid"),
    "the moment": ("10:00:00Z", "10:05:01Z", "it is refused: timestamp_stale"),
    "the events": ('external_id: "42"', 'external_id: "43"', "the events are"),
    "the reply": ("body: ok 42", "body: ok 43", "the reply's body is 'ok 42'"),
    "the type": ("text/plain", "text/html", "the reply's content_type is"),
    "the key": ("dedupe_key: d-1", "dedupe_key: d-2", "a repetition is known by 'd-1'"),
    "the faults": ("faults: []", "faults: [something]", "what is of no use is []"),
    "what is passed over": ("skipped: 0", "skipped: 1", "0 events are passed over"),
    "no challenge": ("faults: []", "challenge: true", "it is not a question about our address"),
    "a secret in what is kept": ("x-id: d-1}", "x-id: d-1, x-more: dummy-token}", "the secret token is kept with the request"),
    "a refusal that does not happen": ("faults: []", "refused: signature_missing", "it is not refused"),
}


@pytest.mark.parametrize("name", WRONG_EXAMPLES)
async def test_an_example_that_is_not_reproduced_is_told(tmp_path: Path, name: str) -> None:
    old, new, told = WRONG_EXAMPLES[name]
    assert old in EXAMPLE
    assert any(told in line for line in await faults(tmp_path, {"examples/changed.yaml": EXAMPLE.replace(old, new)}))


WRONG_MANIFESTS = {
    "an unknown field": ("key: $config.token", "key: $config.tokn", "there is no config field $config.tokn"),
    "an unknown part of a request": ("$request.body", "$request.bodee", "there is no $request.bodee"),
    "no secret": ("key: $config.token", "key: static", "this proves nothing without a secret field"),
    "an unknown root in a reply": ("$body.challenge", "$answer.challenge", "$answer.challenge cannot be used here"),
    "a header in capitals in a reply": ("$body.challenge", "$header.X-Id", "write $header.x-id"),
    "nothing to read again with": (
        "  ticket.get:\n",
        "  ticket.find:\n",
        "to read a ticket again, the connector needs ticket.get",
    ),
    "nothing to ask": ("operation: ticket.changed", "operation: order.changed", "the connector has no operation order.changed"),
    "news that change something": (
        "operation: ticket.changed",
        "operation: ticket.create",
        "asking for news must change nothing",
    ),
    "a subscription that never was": (
        "  event.subscribe:",
        "  event.unsubscribe:",
        "the connector has no operation event.subscribe",
    ),
    "a subscription renewed too late": (
        "renew_before_s: 600",
        "renew_before_s: 3600",
        "renew_before_s must be less than lifetime_s",
    ),
    "an unknown event": ("emit: ticket.changed, id", "emit: ticket.changd, id", "there is no event 'ticket.changd'"),
    "an unknown proof": ("kind: timestamp", "kind: timestmp", "kind must be one of"),
    "a seal that nothing explains": ('text: "ok ${body.id}"', "seal: success", "seal and open need sealed:"),
    "a GET that any page could send": (
        "    accept: [json]\n    verify:\n      - kind: signature\n        given: header.X-Sig\n        expected:",
        "    accept: [json, query]\n    verify:\n      - {kind: basic, username: u, password: $config.token}\n      #",
        "accept: query needs a proof no browser sends by itself",
    ),
    "two bodies": ('text: "ok ${body.id}"', 'text: "ok", xml: "<ok/>"', "a reply has one body"),
    "packing outside the body": ("dedupe: [header.x-id]", "unpack: [{at: query.x, as: json}]", "must start with body"),
    "a time that is none": ("{from: header.X-Time, format: epoch_s}", "{from: header.X-Time}", "say how the moment is written"),
}


@pytest.mark.parametrize("name", WRONG_MANIFESTS)
async def test_a_slip_is_told_with_its_line_when_the_file_is_read(tmp_path: Path, name: str) -> None:
    old, new, told = WRONG_MANIFESTS[name]
    assert old in MANIFEST
    lines = await faults(tmp_path, {"connector.yaml": MANIFEST.replace(old, new)})
    assert any(told in line for line in lines), lines
    assert all(line.startswith("connector.yaml:") for line in lines)


async def test_an_intake_without_an_example_is_told(tmp_path: Path) -> None:
    told = [str(problem) for problem in await examine(sample.write_folder(tmp_path, {"connector.yaml": MANIFEST}))]
    assert any(f"connector.yaml:{FIRST_LINE}: the event intake has no example" in line for line in told)
