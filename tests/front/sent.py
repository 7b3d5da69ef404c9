"""What the rows of the bad-input book send through the front, beyond the table of `tests/api/bad_input.py`."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import quote

from tests.api.bad_input import CANARY, EVENT, EVENTS, POP, ROWS, Bad, event
from tests.api.test_connection_settings import FORBIDDEN
from tests.api.test_inbound_doors import BOMB, DEEP, OUTSIDE
from tests.front.before_two import SECRETS, standard
from tests.webhooks.test_hostile_bodies import LAID_ASIDE

SHOP, SIGNER, SOAP, DESK = (
    "/v1/webhooks/shop",
    "/v1/webhooks/signer",
    f"/v1/webhooks/soap/{SECRETS['PATH']}",
    "/v1/connections/desk",
)
AS_JSON: Final = {"Content-Type": "application/json"}
AS_XML: Final = {"Content-Type": "text/xml"}
TOLD: Final = json.dumps({"type": "ticket.created", "timestamp": "2026-11-26T10:00:00Z", "data": {"id": "t-1"}}).encode()
NEW: Final = json.dumps({"subject": "x"}).encode()
HOSTILE: Final = '<script>alert(1)</script>"><img onerror=x> javascript:x \u202e\u200b\u2028 \x1b[31m'
Whom = Literal["machine", "agent", "nobody"]


@dataclass(frozen=True)
class Sent:
    """A request, who signs in for it, and whether the answer is a problem. `proof`: headers made when it is sent."""

    bad: Bad
    whom: Whom = "machine"
    proof: Callable[[bytes], Mapping[str, str]] | None = None

    @property
    def row(self) -> str:
        return self.bad.id.partition("-")[0]

    @property
    def refused(self) -> bool:
        return bool(self.bad.code)


def good(name: str, status: int, target: str, **request: Any) -> Bad:  # noqa: ANN401 - fields of `Bad`
    """A request that is only odd, and must be answered well."""
    return Bad(name, status, "", target, **request)


def told(name: str, body: bytes, status: int = 202, code: str = "", **headers: str) -> Sent:
    """What a shop tells that proves itself by a header."""
    given = {**AS_JSON, "X-Shop-Token": SECRETS["SHOP"], **{key.replace("_", "-"): value for key, value in headers.items()}}
    given = {header: value for header, value in given.items() if value}
    return Sent(Bad(name, status, code, SHOP, content=body, headers=given), "nobody")


def signed(name: str, status: int, code: str, *, target: str = SIGNER, body: bytes = TOLD, **proof: Any) -> Sent:  # noqa: ANN401 - of `standard`
    """What a sender tells that signs it by the Standard Webhooks specification."""
    return Sent(Bad(name, status, code, target, content=body), "nobody", lambda _: standard(TOLD, **proof))


def _as_given(headers: Mapping[str, str], _body: bytes) -> Mapping[str, str]:
    return headers


def re_signed(name: str, change: Callable[[str], str]) -> Sent:
    """The same with its signature changed."""

    def proof(body: bytes) -> Mapping[str, str]:
        right = standard(body)
        return {**right, "webhook-signature": change(right["webhook-signature"])}

    return Sent(Bad(name, 401, "signature_invalid", SIGNER, content=TOLD), "nobody", proof)


def webhooks() -> Iterator[Sent]:
    """B02w and W rows: what is authentic is thanked for, what is not is refused."""
    for name, body in LAID_ASIDE.items():
        row = name.split()[0]
        yield told(f"{row if row == 'B02w' else row.removesuffix('w')}-{name}", body)
    yield told("B18-hook", b'\xef\xbb\xbf{"events": []}')
    yield told("B21-hook", b"<x/>", 415, "media_type", Content_Type="application/xml")
    query = "CallNo=13800138000&CalledNo=861065543800&CallSheetID=front-1&CallState=Ringing&Queue=%BF%CD%B7%FE"
    yield Sent(good("B20-declared", 200, f"/v1/cti/gull/{SECRETS['PATH']}?{query}", method="GET"), "nobody")
    yield told("B45", TOLD, 401, "signature_missing", X_Shop_Token="")
    yield Sent(Bad("B45-signed", 401, "signature_missing", SIGNER, content=TOLD), "nobody")
    for name, change in {
        "case": str.swapcase,
        "cut off": lambda right: right[:-5],
        "hexadecimal": lambda _: "v1," + "0" * 64,
        "10 kB": lambda right: right + "A" * 10_000,
        "no version": lambda right: right.removeprefix("v1,"),
    }.items():
        yield re_signed(f"B46-{name}", change)
    yield signed("B47", 401, "signature_invalid", body=TOLD + b" ")
    yield signed("B48-late", 401, "timestamp_stale", seconds=-301 - 60)
    yield signed("B48-early", 401, "timestamp_stale", seconds=301 + 60)
    for name, at in {"words": "soon", "milliseconds": "1764151200000", "negative": "-1", "huge": "9" * 400}.items():
        changed = {**standard(TOLD), "webhook-timestamp": at}
        yield Sent(Bad(f"B48-{name}", 401, "timestamp_invalid", SIGNER, content=TOLD), "nobody", partial(_as_given, changed))
    for name, identity in {"point": "a.b", "long": "x" * 1000, "empty": ""}.items():
        yield signed(f"B49-{name}", 400, "id_invalid", identity=identity)
    yield re_signed("B50", lambda right: " ".join(["v1,AAAA"] * 49 + [right]))
    yield signed("B51", 401, "signature_invalid", target="/v1/webhooks/stranger")
    yield told("B52", b'{"events": [{"kind": "dance"}]}')
    yield told("B53", b'{"events": [{"kind": "note", "id": "nobody-knows", "text": "x"}]}')
    batch = [{"kind": "ticket", "version": 1, "ticket": {"id": f"T-{number}"}} for number in range(99)] + [5]
    yield told("B54", json.dumps({"events": batch}).encode())
    asked = {"WebHook-Request-Origin": "tern.example", "X-Tern-Token": SECRETS["TERN"]}
    yield Sent(good("B55", 200, "/v1/webhooks/tern", method="OPTIONS", headers=asked), "nobody")
    yield Sent(
        Bad("B55-guess", 401, "signature_invalid", "/v1/webhooks/tern", "OPTIONS", headers={**asked, "X-Tern-Token": "guess"}),
        "nobody",
    )


def markup() -> Iterator[Sent]:
    """X rows, to a service that speaks SOAP."""
    for name, body in {"B56-outside": OUTSIDE, "B57-laughs": BOMB}.items():
        yield Sent(Bad(name, 400, "xml_dtd_forbidden", SOAP, content=body.encode(), headers=AS_XML), "nobody")
    yield Sent(Bad("B57-deep", 400, "xml_limits", SOAP, content=DEEP.encode(), headers=AS_XML), "nobody")
    envelope = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
    spoken = {"Content-Type": "application/soap+xml"}
    for name, body in {"B59-no envelope": "<x/>", "B59-no body": "<Envelope/>"}.items():
        yield Sent(Bad(name, 400, "", SOAP, content=body.encode(), headers=spoken), "nobody")
    change = "<Notify><Change><Kind>ticket</Kind><Id>{}</Id><ChangeId>{}</ChangeId></Change></Notify>"
    included = change.format('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>', "front-1")
    for name, inside in {"B58": included, "B60": change.format("' or '1'='1", "front-2")}.items():
        yield Sent(good(name, 200, SOAP, content=envelope.format(inside).encode(), headers=AS_XML), "nobody")


def writes() -> Iterator[Sent]:
    """R rows that `tests/api/bad_input.py` has not."""
    yield Sent(good("B18", 202, EVENTS, content=b"\xef\xbb\xbf" + event(call_id="front-18")))
    yield Sent(good("B33", 200, "/healthz", method="GET", headers={"Accept": "application/xml"}))
    for name, key in {"missing": None, "long": "k" * 256, "space": "with space", "tab": "a\tb"}.items():
        given = {"Idempotency-Key": key} if key else {}
        yield Sent(Bad(f"B41-{name}", 400, "idempotency_key", "/v1/tickets", content=NEW, headers=given))
    for name, tag, expected in (
        ("missing", {}, (428, "precondition_required")),
        ("stale", {"If-Match": '"x"'}, (412, "precondition_failed")),
    ):
        body = json.dumps({"connector": "shop", "config": {}}).encode()
        yield Sent(Bad(f"B44-{name}", *expected, "/v1/connections/soap", "PUT", content=body, headers=tag))
    hostile = json.dumps({**EVENT, "call_id": "front-80", "data": {"note": HOSTILE}}, ensure_ascii=False).encode()
    yield Sent(good("B80", 202, EVENTS, content=hostile))
    files: Mapping[str, Mapping[str, Any]] = {
        "path": {"name": "../etc/passwd"},
        "markup": {"media_type": "text/html"},
        "drawing": {"media_type": "image/svg+xml"},
        "empty": {"size_bytes": 0},
    }
    for name, file in files.items():
        attachment = {"name": "photo.jpg", "media_type": "image/jpeg", "size_bytes": 10, **file}
        code = {"path": "file_name", "empty": "field_range"}.get(name, "file_type")
        body = json.dumps({"subject": "x", "attachments": [attachment]}).encode()
        yield Sent(Bad(f"B81-{name}", 422, code, "/v1/tickets", content=body, headers={"Idempotency-Key": f"front-{name}"}))


def pops() -> Iterator[Sent]:
    """P rows that are answered, and the one that is refused by whose call it is."""
    for number, phone in enumerate(("", "anonymous", "unavailable", "%2B")):
        yield Sent(good(f"B61-{number}", 200, f"{POP}?phone={phone}&agent=1001", method="GET"))
    for number, written in enumerate(
        ("+8613800138000", "008613800138000", "86-138-0013-8000", "１３８００１３８０００", "tel:+8613800138000")
    ):
        yield Sent(good(f"B62-{number}", 200, f"{POP}?phone={quote(written)}&agent=1001&line=%2B861065543800", method="GET"))
    for phone in ("4008001234", "95588", "8001", "1" * 32):
        yield Sent(good(f"B63-{phone}", 200, f"{POP}?phone={phone}&agent=1001", method="GET"))
    yield Sent(good("B64", 200, f"{POP}?phone=%2B8613800138008&agent=1001", method="GET"))
    yield Sent(Bad("B65", 403, "pop_not_in_call", f"{POP}?phone=13912345678", "GET"), "agent")
    for deadline in ("0", "-5", "1e9"):
        yield Sent(good(f"B66-{deadline}", 200, f"{POP}?phone=1&agent=1001&deadline_ms={deadline}", method="GET"))


def settings() -> Iterator[Sent]:
    """C rows: what an administrator must not be able to set up."""

    def connecting(name: str, code: str, *, url: str = "https://help.invalid", token: str = "") -> Sent:
        form = {"connector": "zammad", "config": {"base_url": url, "group": "Users"}, "secrets": {"token": token or "x"}}
        return Sent(Bad(name, 422, code, DESK, "PUT", content=json.dumps(form).encode()))

    for number, url in enumerate(FORBIDDEN):
        yield connecting(f"B69-{number}", "url_forbidden", url=url)
    for number, token in enumerate(("x\r\nHost: evil.example", "x\nX: y")):
        yield connecting(f"B71-{number}", "header_forbidden", token=token)
    yield connecting("B72", "secret_missing", token="****")


def people() -> Iterator[Sent]:
    """A rows that need no provider; people are answered with pages."""
    for name, place in {"state": "?state=guess&code=x", "none": ""}.items():
        yield Sent(Bad(f"B74-{name}", 404, "", f"/desk/sign-in/nobody/callback{place}", "GET"), "nobody")
    for number, to in enumerate(("//evil.example", "https:evil.example", "/%5Cevil.example")):
        yield Sent(good(f"B75-{number}", 200, f"/desk/sign-in?to={to}", method="GET"), "nobody")
    for name, header in {"nobody": "", "made up": "Bearer tl_" + "A" * 43, "basic": "Basic eDp5"}.items():
        yield Sent(
            Bad(f"B76-{name}", 401, "auth_failed", "/v1/agents", "GET", headers={"Authorization": header} if header else {}),
            "nobody",
        )
    yield Sent(Bad("B76-scope", 403, "scope_missing", "/v1/agents", "GET"), "agent")
    yield Sent(Bad("B76-address", 400, "key_in_url", f"/v1/agents?key=tl_abcdefghijkl_{CANARY}{'A' * 33}", "GET"))


MISPLACED: Final = {
    "B26-many": (400, "", False),
    f"B30-{CANARY.upper()}": (400, "request_malformed", True),
}
"""Rows that are refused one step earlier on the wire than in the application: by the front's table of 101 headers with its own
plain page, and by the parser, which knows methods by name."""

SENT: Final[tuple[Sent, ...]] = (
    *(Sent(bad) for bad in ROWS),
    *webhooks(),
    *markup(),
    *writes(),
    *pops(),
    *settings(),
    *people(),
)
