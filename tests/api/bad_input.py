"""The matrix of bad input as a table: one row, one request, one answer. Row ids are those of the matrix."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

CANARY: Final = "canary7391"
"""Stands in every bad value; no answer may repeat it."""

EVENTS: Final = "/v1/call-events"
KEYS: Final = "/v1/api-keys"
POP: Final = "/v1/screen-pop"
EVENT: Final[Mapping[str, Any]] = {"call_id": "c-bad-input", "type": "ringing", "at": "2026-11-22T10:00:00+08:00"}
WISH: Final[Mapping[str, Any]] = {"name": "x", "scopes": ["events.write"]}


@dataclass(frozen=True)
class Bad:
    """One request and the answer it must get. `content` None: no body."""

    id: str
    status: int
    code: str
    target: str = EVENTS
    method: str = "POST"
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeated_headers: tuple[tuple[str, str], ...] = ()

    @property
    def all_headers(self) -> list[tuple[str, str]]:
        typed = {"Content-Type": "application/json"} if self.content is not None else {}
        return [*{**typed, **self.headers}.items(), *self.repeated_headers]


def event(**changes: Any) -> bytes:  # noqa: ANN401 - bad values of every type
    return json.dumps({**EVENT, **changes}).encode()


def wish(**changes: Any) -> bytes:  # noqa: ANN401 - likewise
    return json.dumps({**WISH, **changes}).encode()


def raw(value: str) -> bytes:
    """A call event whose `from` is written exactly so."""
    return ('{"call_id": "c", "type": "ringing", "at": "2026-11-22T10:00:00Z", "from": ' + value + "}").encode()


def contents() -> Iterator[Bad]:
    """B01 to B12: what may be wrong with what a body says."""
    yield Bad("B01-empty", 400, "body_required", content=b"")
    yield Bad("B01-none", 400, "body_required")
    yield Bad("B02", 400, "json_malformed", content=b'{"call_id": "' + CANARY.encode())
    for name, top in {"array": b"[]", "null": b"null", "text": f'"{CANARY}"'.encode(), "number": b"7"}.items():
        yield Bad(f"B03-{name}", 422, "type_object_expected", content=top)
    yield Bad("B04", 422, "field_required", content=b'{"call_id": "c"}')
    yield Bad("B05-text", 422, "field_type", content=event(call_id={CANARY: CANARY}))
    yield Bad("B05-list", 422, "field_type", KEYS, content=wish(scopes=CANARY))
    for name, value in {"text": "5", "decimal": 5.0, "true": True, "canary": CANARY}.items():
        yield Bad(f"B06-{name}", 422, "field_type", content=event(talk_s=value))
    for name in ("role", "tenant_id", "is_admin", CANARY):
        yield Bad(f"B07-{name}", 422, "field_unknown", content=event(**{name: CANARY}))
    yield Bad("B07-keys", 422, "field_unknown", KEYS, content=wish(id="x"))
    yield Bad("B08", 400, "json_duplicate_key", content=b'{"call_id": "a", "call_id": "' + CANARY.encode() + b'"}')
    for number in ("NaN", "Infinity", "-Infinity"):
        yield Bad(f"B09-{number}", 400, "json_number", content=raw(number))
    yield Bad("B10", 400, "json_number", content=raw("1e999"))
    yield Bad("B11", 400, "json_number", content=raw("9" * 5_000))
    for name, days in {"zero": 0, "negative": -1, "too many": 366, "beyond 64 bits": 2**63}.items():
        yield Bad(f"B12-{name}", 422, "field_range", KEYS, content=wish(days=days))
    yield Bad("B12-seconds", 422, "field_range", content=event(talk_s=2**63))


def encodings() -> Iterator[Bad]:
    """B13 to B24: what may be wrong with how it is written."""
    yield Bad("B13", 400, "json_too_deep", content=raw("[" * 100_000))
    yield Bad("B14-keys", 422, "too_many_items", content=event(data={f"k{n}": n for n in range(1_001)}))
    yield Bad("B14-items", 422, "too_many_items", KEYS, content=wish(scopes=["x"] * 10_001))
    yield Bad("B14-text", 422, "field_length", content=event(call_id="x" * 500_000))
    yield Bad("B15", 422, "text_invalid", content=raw('"\\ud800"'))
    yield Bad("B16", 422, "text_nul", content=raw('"a\\u0000b"'))
    yield Bad("B17", 400, "encoding_invalid", content=raw('"').replace(b'"}', b'\xff"}'))
    for encoding in ("utf-16", "utf-16-be", "utf-32"):
        yield Bad(f"B19-{encoding}", 415, "charset_unsupported", content=event().decode().encode(encoding))
    yield Bad(
        "B19-declared", 415, "charset_unsupported", content=event(), headers={"Content-Type": "application/json; charset=utf-16"}
    )
    yield Bad("B20", 415, "charset_unsupported", content=event(), headers={"Content-Type": "application/json; charset=gb18030"})
    for media in ("", "text/plain", "application/xml", f"application/{CANARY}", "json", "application/jsonx"):
        yield Bad(f"B21-{media or 'empty'}", 415, "media_type", content=event(), headers={"Content-Type": media})
    for media in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        yield Bad(f"B22-{media[:9]}", 415, "media_type", content=event(), headers={"Content-Type": media})
    for encoding in ("gzip", "br", CANARY):
        yield Bad(f"B23-{encoding}", 415, "encoding_unsupported", content=event(), headers={"Content-Encoding": encoding})
    yield Bad("B24", 413, "body_too_large", content=b" " * 1_048_577)


def heads() -> Iterator[Bad]:
    """B26 to B32: what may be wrong before the body."""
    yield Bad(
        "B26-many", 431, "headers_too_large", repeated_headers=tuple((f"X-{n}", CANARY) for n in range(101)), content=event()
    )
    yield Bad("B26-large", 431, "headers_too_large", headers={"X-Large": CANARY * 1_300}, content=event())
    yield Bad("B27", 414, "uri_too_long", f"{POP}?phone=1&call_id={CANARY * 500}", "GET")
    yield Bad("B29-two-types", 400, "request_malformed", content=event(), repeated_headers=(("Content-Type", "application/xml"),))
    for method in ("PUT", "PATCH", "DELETE", "GET", "TRACE", "OPTIONS", CANARY.upper()):
        yield Bad(f"B30-{method}", 405, "method_not_allowed", method=method)
    override = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
    yield Bad("B30-override", 405, "method_not_allowed", f"{KEYS}/x", "POST", headers=override, content=b"{}")
    for path in (
        f"/{CANARY}",
        "/v1/..%2f..%2fetc%2fpasswd",
        "/v1/%2e%2e/%2e%2e/etc/passwd",
        "/docs-assets/..%2f..%2fcore.py",
        "/docs-assets/%2e%2e/core.py",
        "/v1//agents",
        "//v1/agents",
        "/v1/agents;x=1",
        "/v1/agents.",
        "/v1/agents/",
        "/V1/agents",
        "/v1/agents%00",
        "/v1/agents%0d%0aX:%20y",
    ):
        yield Bad(f"B31-{path}", 404, "not_found", path, "GET")
    for host in ("evil.example", f"{CANARY}.example", "127.0.0.1@evil.example", "127.0.0.1:0", "[::1", "", "127.0.0.1.nip.io"):
        yield Bad(f"B32-{host or 'empty'}", 421, "host_invalid", "/healthz", "GET", headers={"Host": host})


def queries() -> Iterator[Bad]:
    """B34 to B40: what may be wrong with a query, a date, an id."""
    yield Bad("B34", 400, "param_repeated", f"{POP}?phone=1&phone={CANARY}", "GET")
    yield Bad("B34-list", 400, "param_repeated", "/v1/audit?limit=1&limit=2", "GET")
    for value in ("%00", "%ff%fe", "%", "%zz", "%ed%a0%80"):
        yield Bad(f"B35-{value}", 400, "param_encoding", f"{POP}?phone={value}", "GET")
        yield Bad(f"B35-list-{value}", 400, "param_encoding", f"/v1/audit?actor={value}", "GET")
    for place in ("/v1/audit", "/v1/reviews", KEYS):
        for limit in ("0", "-1", "201", "1e9", "1000000000", "9" * 400, "abc", CANARY, "", "1.5"):
            yield Bad(f"B36-{place}-{limit[:12] or 'empty'}", 422, "param_range", f"{place}?limit={limit}", "GET")
        yield Bad(f"B36-{place}-offset", 422, "param_unknown", f"{place}?offset=1000000000000000000", "GET")
        for cursor in ("AAAA", CANARY, "eyJhIjoxfQ", "!!"):
            yield Bad(f"B37-{place}-{cursor}", 400, "cursor_invalid", f"{place}?cursor={cursor}", "GET")
        yield Bad(f"B37-{place}-long", 422, "param_length", f"{place}?cursor={'A' * 501}", "GET")
        yield Bad(f"B38-{place}-sort", 422, "param_unknown", f"{place}?sort=(select%20{CANARY})", "GET")
    yield Bad("B38-value", 422, "param_value", f"/v1/reviews?state=%7B%22%24ne%22%3A1%7D{CANARY}", "GET")
    yield Bad("B38-kind", 422, "param_value", f"/v1/reviews?kind=(select%20{CANARY})", "GET")
    for name, at in {
        "no such day": "2026-02-30T00:00:00Z",
        "24:00": "2026-11-22T24:00:00Z",
        "year 0": "0000-01-01T00:00:00Z",
        "year 10000": "10000-01-01T00:00:00Z",
        "year 1999": "1999-12-31T23:59:59Z",
        "year 2100": "2100-01-01T00:00:00Z",
        "no zone": "2026-11-22T10:00:00",
        "leap second": "2016-12-31T23:59:60Z",
        "seconds": 1_700_000_000,
        "milliseconds": 1_700_000_000_000,
        "seconds as text": "1700000000",
        "words": CANARY,
    }.items():
        yield Bad(f"B39-{name}", 422, "field_datetime", content=event(at=at))
    for item in (CANARY, "1", "00000000-0000-4000-8000-000000000000", "{}", "' or 1=1"):
        yield Bad(f"B40-{item}", 404, "not_found", f"/v1/reviews/{item}", "GET")
    yield Bad("B40-call", 404, "not_found", f"/v1/calls/{CANARY}", "GET")
    yield Bad("B40-trace", 404, "not_found", f"/v1/calls/{CANARY}/trace", "GET")
    yield Bad("B40-key", 404, "not_found", f"{KEYS}/{CANARY}", "DELETE")


def pops() -> Iterator[Bad]:
    """B61 to B68, as far as they are refused."""
    for name, phone in {"33 digits": "1" * 33, "control": "138%0a00138000", "digits of other scripts": "%D9%A1" * 33}.items():
        yield Bad(f"B63-{name}", 422, "phone_invalid", f"{POP}?phone={phone}", "GET")
    yield Bad("B63-long", 422, "param_length", f"{POP}?phone={'x' * 201}", "GET")
    for deadline in ("abc", CANARY, "", "NaN", "0x10"):
        yield Bad(f"B66-{deadline or 'empty'}", 422, "param_range", f"{POP}?phone=1&deadline_ms={deadline}", "GET")
    yield Bad("B66-direction", 422, "param_value", f"{POP}?phone=1&direction={CANARY}", "GET")
    yield Bad("B66-unknown", 422, "param_unknown", f"{POP}?phone=1&{CANARY}=1", "GET")
    for name, header in {
        "cross-site": {"Sec-Fetch-Site": "cross-site"},
        "same-site": {"Sec-Fetch-Site": "same-site"},
        "image": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"},
        "prefetch": {"Sec-Purpose": "prefetch"},
        "prerender": {"Sec-Purpose": "prefetch;prerender"},
        "old prefetch": {"Purpose": "prefetch"},
    }.items():
        yield Bad(f"B68-{name}", 403, "cross_site", f"{POP}?phone=1", "GET", headers=header)
    for name, sent in {
        "origin": {"Origin": f"https://{CANARY}.example"},
        "null origin": {"Origin": "null"},
        "fetch": {"Sec-Fetch-Site": "cross-site"},
    }.items():
        yield Bad(f"B68-write-{name}", 403, "cross_site", content=event(), headers=sent)


ROWS: Final = (*contents(), *encodings(), *heads(), *queries(), *pops())
