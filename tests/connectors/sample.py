"""A whole, sound connector to start from: the tests break it in one place each."""

import json
from collections.abc import Mapping
from pathlib import Path

from tieline.connectors.registry import Connector

MANIFEST = """\
schema: 1
id: acme_helpdesk
name: Acme Helpdesk
category: helpdesk
docs: {url: "https://developer.acme.example/api", read: 2026-11-22}
config:
  base_url: {title: Base URL, type: url}
  token: {title: API token, secret: true}
auth: {kind: bearer, token: $config.token}
limits: {per_second: 1000, burst: 1000, concurrency: 50, timeout_ms: 2000}
operations:
  customer.find:
    request: {method: GET, path: /contacts/search, query: {phone: $in.phone.e164}}
    records: body.results
  ticket.create:
    request: {method: POST, path: /tickets, json: $record}
    idempotency: {header: Idempotency-Key}
    result: {id: body.ticket.id, url: body.ticket.url}
outcomes:
  - {when: {status: 422, body.code: duplicate}, is: duplicate, message: body.detail}
inbound:
  call:
    accept: [json, form]
    verify: {kind: static_header, header: X-Token, value: $config.token}
    events:
      - {when: {body.event: ring}, emit: ringing, fields: {call_id: body.id, from: body.from}}
"""
MAPPING = """\
customer:
  rows:
    id: {from: id, required: true}
    name: {field: name}
ticket:
  rows:
    id: {from: id, required: true}
    subject: {field: title}
"""
FIND_EXAMPLE = """\
operation: customer.find
config: {base_url: "https://acme.example.com"}
secrets: {token: dummy-token}
in: {phone: "+8613800138000"}
exchanges:
  - request:
      method: GET
      url: https://acme.example.com/contacts/search?phone=%2B8613800138000
      headers: {accept: "application/json, application/xml;q=0.9, */*;q=0.5", authorization: Bearer dummy-token}
    response: {status: 200, json: {results: [{id: "7", name: Li Wei}]}}
outcome: ok
records: [{id: "7", name: Li Wei}]
mapped: [{id: "7", name: Li Wei}]
"""
CREATE_EXAMPLE = """\
operation: ticket.create
config: {base_url: "https://acme.example.com"}
secrets: {token: dummy-token}
in: {record: {title: "坏了"}, idempotency_key: k-1}
exchanges:
  - request:
      method: POST
      url: https://acme.example.com/tickets
      headers:
        accept: "application/json, application/xml;q=0.9, */*;q=0.5"
        authorization: Bearer dummy-token
        content-type: application/json
        idempotency-key: k-1
      body: '{"title":"坏了"}'
    response: {status: 201, json: {ticket: {id: 42, url: "https://acme.example.com/t/42"}}}
result: {id: "42", url: "https://acme.example.com/t/42"}
"""
INTAKE_EXAMPLE = """\
intake: call
config: {base_url: "https://acme.example.com"}
secrets: {token: dummy-token}
request:
  headers: {x-token: dummy-token}
  body: '{"event": "ring", "id": "c-1", "from": "13800138000"}'
events: [{type: ringing, at: null, call_id: c-1, from: "13800138000"}]
"""
QUALITY = """\
rules:
  manifest: done
  examples: done
  secrets: done
  writes: done
  mapping: done
  readme: done
  docs_read: done
  errors: {todo: list the vendor's codes}
  limits: {todo: look them up}
  paging: {exempt: answers come whole}
  phones: done
  live: {todo: no account yet}
"""
FILES: Mapping[str, str] = {
    "connector.yaml": MANIFEST,
    "mapping.yaml": MAPPING,
    "examples/customer.find.yaml": FIND_EXAMPLE,
    "examples/ticket.create.yaml": CREATE_EXAMPLE,
    "examples/ringing.yaml": INTAKE_EXAMPLE,
    "quality.yaml": QUALITY,
    "README.md": "# Acme Helpdesk\n\n`base_url` and `token` are under Settings > API.\n",
}


def write_folder(parent: Path, changes: Mapping[str, str | None] | None = None, *, name: str = "acme_helpdesk") -> Path:
    """Write the sample with some files replaced, or left out where the change is None."""
    folder = parent / name
    for file, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return folder


def connector(parent: Path, **parts: object) -> Connector:
    """A connector with a base URL and a token whose manifest's other parts are given as JSON-like values."""
    manifest: dict[str, object] = {
        "schema": 1,
        "id": "made_up",
        "name": "Made up",
        "category": "crm",
        "config": {"base_url": {"title": "Base URL", "type": "url"}, "token": {"title": "Token", "secret": True}},
        "auth": {"kind": "bearer", "token": "$config.token"},
        **parts,
    }
    folder = parent / "made_up"
    folder.mkdir(exist_ok=True)
    # JSON is YAML.
    (folder / "connector.yaml").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    return Connector(folder)
