"""Signing in by the vendor's own requests: what goes out, what is carried on, when it is renewed."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.connectors.sample import connector
from tests.unit.connectors.wires import FakeWire, json_answer

from tieline.connectors.auth.vault import Keeping, MemoryVault
from tieline.connectors.connection import VendorConnection, assemble
from tieline.connectors.manifest.configuration import settle
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import VendorBadAnswer, VendorMisconfigured, VendorThrottled
from tieline.kit.deadline import Deadline

Tree = dict[str, Any]
LATE_IN_SHANGHAI = datetime(2026, 1, 2, 15, 50, tzinfo=UTC)  # 23:50 there
PING: Tree = {"system.ping": {"request": {"path": "/ping"}}}
CREATE: Tree = {
    "ticket.create": {
        "request": {"method": "POST", "path": "/tickets", "json": {"a": 1}},
        "idempotency": {"none": "the vendor has nothing of the kind"},
    }
}
FIELDS = {"base_url": {"title": "t", "type": "url"}, "token": {"title": "t", "secret": True}}


@dataclass
class Vendor:
    """A connection over a wire that answers by path, and a clock of its own."""

    folder: Path
    answers: dict[str, Callable[[Outgoing], Incoming]]
    now: datetime = LATE_IN_SHANGHAI
    vault: MemoryVault = field(default_factory=MemoryVault)
    wire: FakeWire = field(init=False)

    def __post_init__(self) -> None:
        self.wire = FakeWire(self._answer)

    def _answer(self, outgoing: Outgoing) -> Incoming:
        path = outgoing.url.partition("?")[0].removeprefix("https://x.example").removeprefix("https://login.example")
        return self.answers[path](outgoing)

    def connect(self, **parts: object) -> VendorConnection:
        made_up = connector(self.folder, **{"operations": PING, "config": FIELDS, **parts})
        settled = settle(
            made_up.manifest, {"base_url": "https://x.example"}, dict.fromkeys(made_up.manifest.secrets, "s3cr3t-token")
        )
        keeping = Keeping(self.vault, lambda _kind: "nonce-1")
        return assemble("crm", made_up, settled, wire=self.wire, clock=lambda: self.now, keeping=keeping)

    @property
    def paths(self) -> list[str]:
        return [f"{sent.method} {sent.url.removeprefix('https://')}" for sent in self.wire.sent]


async def ask(connection: VendorConnection, operation: str = "system.ping") -> None:
    await connection.run(operation, deadline=Deadline.after(5))


def always(tree: object, status: int = 200, **headers: str) -> Callable[[Outgoing], Incoming]:
    return lambda _outgoing: json_answer(tree, status, {name.replace("_", "-"): value for name, value in headers.items()})


def numbered(name: str, **more: object) -> Callable[[Outgoing], Incoming]:
    """A login that gives out token-1, token-2 and so on."""
    count = iter(range(1, 1000))
    return lambda _outgoing: json_answer({name: f"token-{next(count)}", **more})


HOLLY = {
    "kind": "login",
    "request": {"path": "/accessToken", "query": {"account": "N000000012345", "appid": "demo", "secret": "$config.token"}},
    "take": {
        "token": "body.accessToken",
        "expires_at": {"from": "body.invalidTime", "format": "%Y-%m-%d %H:%M:%S", "zone": "Asia/Shanghai"},
    },
    "renew_early_s": 0,
    "inject": {"query": "accessToken"},
}


async def test_local_expiry_across_midnight(tmp_path: Path) -> None:
    """At 23:50 in Shanghai a token comes that ends at ten past midnight there: it holds for twenty minutes, not for ever."""
    vendor = Vendor(tmp_path, {"/accessToken": numbered("accessToken", invalidTime="2026-01-03 00:10:00"), "/ping": always({})})
    connection = vendor.connect(auth=HOLLY)
    await ask(connection)
    vendor.now += timedelta(minutes=19, seconds=59)
    await ask(connection)
    assert [path.partition("/")[2] for path in vendor.paths] == [
        "accessToken?account=N000000012345&appid=demo&secret=s3cr3t-token",
        "ping?accessToken=token-1",
        "ping?accessToken=token-1",
    ]
    vendor.now += timedelta(seconds=1)
    await ask(connection)
    assert vendor.paths[-1].endswith("ping?accessToken=token-2")


@pytest.mark.parametrize(
    ("take", "body", "lifetime_s"),
    [
        # A Z that is none: the pattern takes it as a letter, the zone says what time it is.
        (
            {"expires_at": {"from": "body.end", "format": "%Y-%m-%dT%H:%M:%SZ", "zone": "Asia/Shanghai"}},
            {"end": "2026-01-03T00:10:00Z"},
            1200,
        ),
        ({"expires_at": "body.end"}, {"end": "2026-01-02T16:10:00Z"}, 1200),
        ({"expires_at": {"from": "body.end", "format": "iso", "zone": "Asia/Shanghai"}}, {"end": "2026-01-03T00:10:00"}, 1200),
        ({"expires_at": {"from": "body.end", "format": "epoch_s"}}, {"end": "1767370200"}, 1200),
        ({"expires_at": {"from": "body.end", "format": "epoch_ms"}}, {"end": 1767370200000}, 1200),
        ({"lifetime": "body.expires_in"}, {"expires_in": "1200"}, 1200),
        ({"lifetime": {"from": "body.data.expire", "unit": "ms"}}, {"data": {"expire": 1200000}}, 1200),
        ({"lifetime": {"from": "body.minutes", "unit": "min"}}, {"minutes": 20}, 1200),
        # What is nonsense, or over already, is replaced by lifetime_s; a token is not fetched for every call.
        ({"lifetime": "body.expires_in"}, {"expires_in": "soon"}, 600),
        ({"lifetime": "body.expires_in"}, {"expires_in": -5}, 600),
        ({"expires_at": "body.end"}, {"end": "2026-01-01T00:00:00Z"}, 600),
        ({"expires_at": "body.end"}, {"end": "tomorrow"}, 600),
        ({}, {}, 600),
    ],
)
async def test_how_long_a_token_holds(tmp_path: Path, take: Tree, body: Tree, lifetime_s: int) -> None:
    vendor = Vendor(tmp_path, {"/login": numbered("t", **body), "/ping": always({})})
    auth = {
        "kind": "login",
        "request": {"method": "POST", "path": "/login", "json": {"secret": "$config.token"}},
        "take": {"token": "body.t", **take},
        "inject": {"header": "X-Token"},
        "renew_early_s": 0,
    }
    connection = vendor.connect(auth=auth)
    await ask(connection)
    vendor.now += timedelta(seconds=lifetime_s - 1)
    await ask(connection)
    assert len(vendor.wire.sent) == 3
    vendor.now += timedelta(seconds=1)
    vendor.answers["/login"] = numbered("t")
    await ask(connection)
    assert len(vendor.wire.sent) == 5


async def test_a_login_in_the_body_is_posted_as_json_and_read_by_the_connectors_outcomes(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path, {"/login": always({"errcode": 40001, "t": "x"}), "/ping": always({})})
    auth = {
        "kind": "login",
        "request": {"method": "POST", "path": "/login", "json": {"secret": "$config.token"}},
        "take": {"token": "body.t"},
        "inject": {"query": "access_token"},
    }
    outcomes = [
        {"when": {"body.errcode": [45009]}, "is": "throttled"},
        {"when": {"body.errcode": {"not": ["0", None]}}, "is": "config"},
    ]
    connection = vendor.connect(auth=auth, outcomes=outcomes)
    with pytest.raises(VendorMisconfigured) as caught:
        await ask(connection)
    assert caught.value.code == "upstream_credentials"
    assert vendor.wire.sent[0].body == b'{"secret":"s3cr3t-token"}'
    vendor.now += timedelta(minutes=2)
    vendor.answers["/login"] = always({"errcode": 45009})
    with pytest.raises(VendorThrottled):
        await ask(connection)


@pytest.mark.parametrize("body", [{"other": "x"}, {"t": ""}, {"t": {"a": 1}}, {"t": "a\r\nb: c"}, {"t": "中"}, ["t"]])
async def test_an_answer_without_a_usable_token(tmp_path: Path, body: object) -> None:
    vendor = Vendor(tmp_path, {"/login": always(body)})
    auth = {"kind": "login", "request": {"path": "/login"}, "take": {"token": "body.t"}, "inject": {"header": "X-Token"}}
    with pytest.raises(VendorBadAnswer):
        await ask(vendor.connect(auth=auth))


async def test_what_came_along_can_be_packed_with_the_token(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path, {"/login": always({"result": [7, "tok"]}), "/ping": always({})})
    auth = {
        "kind": "login",
        "request": {"path": "/login"},
        "take": {"token": "body.result[1]", "also": {"user": "body.result[0]"}},
        "inject": {"header": "Authorization", "value": {"of": ["Session ", {"of": "demo:${user}:${token}", "as": "base64"}]}},
    }
    await ask(vendor.connect(auth=auth))
    assert vendor.wire.sent[-1].headers["authorization"] == "Session ZGVtbzo3OnRvaw=="


async def test_a_refused_token_is_replaced_and_the_call_repeated_once(tmp_path: Path) -> None:
    verdicts = iter([json_answer({"code": 309}), json_answer({}), json_answer({"code": 309}), json_answer({"code": 309})])
    vendor = Vendor(tmp_path, {"/accessToken": numbered("accessToken"), "/ping": lambda _: next(verdicts)})
    connection = vendor.connect(auth=HOLLY, outcomes=[{"when": {"body.code": 309}, "is": "auth_expired"}])
    await ask(connection)
    tokens = [path.rpartition("=")[2] for path in vendor.paths if "/ping" in path]
    assert tokens == ["token-1", "token-2"]
    with pytest.raises(Exception, match="row 1") as caught:
        await ask(connection)
    assert type(caught.value).__name__ == "VendorAuthExpired"
    assert len(vendor.paths) == 7


async def test_fifty_callers_sign_in_once(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path, {"/accessToken": numbered("accessToken"), "/ping": always({})})
    connection = vendor.connect(auth=HOLLY, limits={"concurrency": 50, "burst": 100, "per_second": 1000})
    await asyncio.gather(*(ask(connection) for _ in range(50)))
    assert sum("accessToken?" in path for path in vendor.paths) == 1


AGENT = {
    "kind": "login",
    "request": {"method": "PUT", "path": "/onlineagent/101", "json": {"password": "$config.token"}},
    "take": {"token": {"from": "header.Set-GUID", "after": "JSESSIONID="}},
    "inject": {"header": "Guid"},
    "recapture": True,
}


async def test_a_session_from_a_header_follows_every_new_one(tmp_path: Path) -> None:
    guids = iter(["", "JSESSIONID=g-2.AgentGateway0", "other=1", "", ""])
    vendor = Vendor(
        tmp_path,
        {
            "/onlineagent/101": always({"retcode": "0"}, set_guid="JSESSIONID=g-1.AgentGateway0"),
            "/ping": lambda _: json_answer({}, headers={"set-guid": next(guids)}),
        },
    )
    connection = vendor.connect(auth=AGENT)
    for _ in range(4):
        await ask(connection)
    assert [sent.headers.get("guid") for sent in vendor.wire.sent] == [
        None,
        *(f"g-{number}.AgentGateway0" for number in (1, 1, 2, 2)),
    ]
    again = vendor.connect(auth=AGENT)
    await ask(again)
    assert vendor.wire.sent[-1].headers["guid"] == "g-2.AgentGateway0"
    assert sum("onlineagent" in path for path in vendor.paths) == 1


async def test_a_session_from_a_cookie(tmp_path: Path) -> None:
    """Asterisk's manager over HTTP."""
    cookie = 'mansession_id="3f2a"; Version=1; Max-Age=60, other=1; Expires=Wed, 09 Jun 2027 10:00:00 GMT'
    auth = {
        "kind": "login",
        "request": {"path": "/rawman", "query": {"action": "login", "username": "demo", "secret": "$config.token"}},
        "take": {"token": "cookie.mansession_id"},
        "inject": {"cookie": "mansession_id"},
    }
    vendor = Vendor(tmp_path, {"/rawman": always("ok", set_cookie=cookie), "/ping": always({})})
    await ask(vendor.connect(auth=auth))
    assert vendor.wire.sent[-1].headers["cookie"] == "mansession_id=3f2a"


async def test_a_session_that_any_answer_may_hand_out(tmp_path: Path) -> None:
    first = json_answer({}, headers={"set-cookie": "kdservice-sessionid=s-1; path=/"})
    answers = iter([first, json_answer({}), json_answer({}, 401), json_answer({})])
    auth = {
        "kind": "session",
        "take": "cookie.kdservice-sessionid",
        "inject": [{"header": "kdservice-sessionid"}, {"cookie": "kdservice-sessionid"}],
    }
    vendor = Vendor(tmp_path, {"/ping": lambda _: next(answers)})
    connection = vendor.connect(auth=auth)
    for _ in range(3):
        await ask(connection)
    assert [sent.headers.get("kdservice-sessionid") for sent in vendor.wire.sent] == [None, "s-1", "s-1", None]
    assert vendor.wire.sent[1].headers["cookie"] == "kdservice-sessionid=s-1"


CSRF: list[Tree] = [
    {"kind": "basic", "username": "demo", "password": "$config.token"},
    {"kind": "csrf", "request": {"path": "/root"}},
]
COOKIES = "SAP_SESSIONID_X_100=abc; path=/; HttpOnly, sap-usercontext=sap-client=100; path=/"


async def test_a_write_fetches_a_token_first_under_the_credentials_above(tmp_path: Path) -> None:
    vendor = Vendor(
        tmp_path,
        {"/root": always({}, x_csrf_token="c-1", set_cookie=COOKIES), "/ping": always({}), "/tickets": always({})},
    )
    connection = vendor.connect(auth=CSRF, operations=PING | CREATE)
    await ask(connection)
    await ask(connection, "ticket.create")
    await ask(connection, "ticket.create")
    assert vendor.paths == ["GET x.example/ping", "GET x.example/root", "POST x.example/tickets", "POST x.example/tickets"]
    _, fetched, *writes = vendor.wire.sent
    assert (fetched.headers["x-csrf-token"], fetched.headers["authorization"][:6]) == ("Fetch", "Basic ")
    for sent in writes:
        assert (sent.headers["x-csrf-token"], sent.headers["authorization"][:6]) == ("c-1", "Basic ")
        assert sent.headers["cookie"] == "SAP_SESSIONID_X_100=abc; sap-usercontext=sap-client=100"


async def test_a_lazy_token_waits_until_the_vendor_asks_for_it(tmp_path: Path) -> None:
    refusals = iter([json_answer({}, 403, {"x-csrf-token": "Required"})])
    vendor = Vendor(
        tmp_path,
        {
            "/root": always({}, 403, x_csrf_token="c-1", set_cookie=COOKIES),
            "/tickets": lambda sent: json_answer({}, 201) if "x-csrf-token" in sent.headers else next(refusals),
        },
    )
    outcomes = [{"when": {"status": 403, "header.x-csrf-token": "Required"}, "is": "auth_expired"}]
    connection = vendor.connect(auth=[CSRF[0], {**CSRF[1], "lazy": True}], operations=CREATE, outcomes=outcomes)
    await ask(connection, "ticket.create")
    await ask(connection, "ticket.create")
    assert [path.rpartition("/")[2] for path in vendor.paths] == ["tickets", "root", "tickets", "tickets"]


async def test_no_token_against_forgery(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path, {"/root": always({}, 401)})
    with pytest.raises(VendorMisconfigured):
        await ask(vendor.connect(auth=CSRF, operations=CREATE), "ticket.create")
    vendor = Vendor(tmp_path, {"/root": always({})})
    with pytest.raises(VendorBadAnswer):
        await ask(vendor.connect(auth=CSRF, operations=CREATE), "ticket.create")


async def test_one_connection_speaks_to_several_hosts_each_with_its_own_credentials(tmp_path: Path) -> None:
    operations = {
        "system.ping": {"request": {"path": "/ping"}},
        "call.get": {"request": {"path": "/call", "host": "login", "auth": "signed"}},
        "agent.list": {"request": {"path": "/agents", "auth": "none"}},
    }
    auths = {
        "signed": [
            {"kind": "api_key", "header": "X-APP-Key", "value": "app-1"},
            {
                "kind": "sign",
                "inject": {"header": "X-Sign", "value": {"hash": "md5", "of": ["$config.token", "$request.hostname"]}},
            },
        ]
    }
    vendor = Vendor(tmp_path, {"/ping": always({}), "/call": always({}), "/agents": always({})})
    connection = vendor.connect(
        auth={"kind": "bearer", "token": "$config.token"},
        auths=auths,
        operations=operations,
        hosts={"main": "$config.base_url", "login": "https://login.example"},
    )
    for operation in operations:
        await ask(connection, operation)
    signature = hashlib.md5(b"s3cr3t-tokenlogin.example", usedforsecurity=False).hexdigest()
    shown = [{name: value for name, value in sent.headers.items() if name != "accept"} for sent in vendor.wire.sent]
    assert shown == [
        {"authorization": "Bearer s3cr3t-token"},
        {"x-app-key": "app-1", "x-sign": signature},
        {},
    ]


async def test_a_token_request_may_be_signed_by_a_scheme_of_its_own(tmp_path: Path) -> None:
    """YonBIP: a signed request brings a token, which the query of all others carries."""
    auths = {
        "app": {
            "kind": "sign",
            "times": {"timestamp": "epoch_ms"},
            "query": {"sort": "plain", "escape": "none", "pair": "", "join": ""},
            "before": [{"query": "appKey", "value": "app-1"}, {"query": "timestamp", "value": "$timestamp"}],
            "values": {"sign": {"hmac": "sha256", "key": "$config.token", "of": "$request.canonical_query", "as": "base64"}},
            "inject": {"query": "signature", "value": "$sign"},
        }
    }
    auth = {
        "kind": "login",
        "request": {"path": "/getAccessToken", "host": "login", "auth": "app"},
        "take": {"token": "body.data.access_token", "lifetime": "body.data.expire"},
        "inject": {"query": "access_token"},
    }
    token = {"code": "00000", "data": {"access_token": "a+b", "expire": 7200}}
    vendor = Vendor(tmp_path, {"/getAccessToken": always(token), "/ping": always({})})
    await ask(vendor.connect(auth=auth, auths=auths, hosts={"main": "$config.base_url", "login": "https://login.example"}))
    signed, ping = vendor.paths
    assert signed.startswith("GET login.example/getAccessToken?appKey=app-1&timestamp=1767369000000&signature=")
    assert ping == "GET x.example/ping?access_token=a%2Bb"


@pytest.mark.parametrize("auth", [HOLLY, AGENT], ids=["query", "header"])
async def test_no_trace_shows_what_a_sign_in_sent_or_brought(tmp_path: Path, auth: Tree) -> None:
    def echo(sent: Outgoing) -> Incoming:
        newer = {"set-guid": "JSESSIONID=token-9"} if "guid" in sent.headers else {}
        return json_answer({"echo": sent.url}, headers={"x-echo": sent.headers.get("guid", ""), **newer})

    login = always({}, set_guid="JSESSIONID=token-1")
    vendor = Vendor(tmp_path, {"/accessToken": numbered("accessToken"), "/onlineagent/101": login, "/ping": echo})
    connection = vendor.connect(auth=auth)
    stages = await connection.explain("system.ping", deadline=Deadline.after(5))
    assert [stage.name for stage in stages][:3] == ["sign_in", "request", "response"]
    assert not any(secret in f"{stages} {connection!r}" for secret in ("s3cr3t", "token-1", "token-9"))
