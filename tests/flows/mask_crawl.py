"""What T-MASK-ALL asks: a house with its doors shut where everything has happened once, and every route of it, as every role.

The routes come from the running application. Each is asked with ids of what its path names.
"""

import itertools
import re
import uuid
import zipfile
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import Final

import httpx
import yaml
from tests.api.front_door import ROLES
from tests.flows.door import KNOWN, LINE, NOBODY, Json, Screen, json_of
from tests.flows.house import RunningHouse, company, open_house
from tests.flows.sandbox import Sandbox
from tests.flows.test_pop_masking import ROOT, Crawl, filled, listen, session_of

from tieline.domain.delivery import Delivered
from tieline.domain.kpi_formulas import REPORTS
from tieline.doors import app_of
from tieline.security.permissions import PERMISSIONS
from tieline.security.roles import permissions_of
from tieline.services import api_keys, policies
from tieline.services.api_keys import KeyWish
from tieline.services.surveys import deciding
from tieline.services.surveys.sink import SurveySink
from tieline.store import deliveries

PERSONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "active_phone": ("13800138000",),
    "other_contact": ("01065543900", "zhang.guilan@mail.example", "guilan_zhang"),
    "name": ("张桂兰",),
    "identity": ("99010519560308002X",),
    "birth_date": ("1956-03-08", "1956/03/08"),
    "address": ("望京西路", "100102"),
    "record_text": ("13711112222", "wang.wu@mail.example", "110101199003071233"),
}
"""Row of the matrix → what stands raw in the simulated systems, and in our own tickets, of her or of others she names."""
SAID: Final = "请回电 13711112222 或 wang.wu@mail.example，证件 110101199003071233"
SHOWS_RAW: Final[Mapping[str, str]] = {
    "/v1/customers/{ref}/reveal": "customers.reveal",
    "/v1/privacy/export": "privacy.export",
    "/v1/privacy/erase": "privacy.erase",
}
"""Routes that are there to show it, to whoever has this right, with a reason and an entry of its own."""
NOT_CRAWLED: Final[Mapping[tuple[str, str], str]] = {
    ("GET", "/v1/agents/{agent}/pops"): "a stream: listened to, by `listen`",
    ("POST", "/desk/sign-out"): "ends the session that asks; its answer is a redirect",
    ("DELETE", "/v1/connections/{name}"): "names the state it was made for; would take the house apart",
}
ENDS: Final = ("/stop", "/opt-out")
"""After these a survey's page has nothing more to say."""
NEVER_WELL: Final[Mapping[tuple[str, str], str]] = {
    ("GET", "/"): "leads on to the desk",
    ("GET", "/docs-assets"): "a folder; its files are the same for everybody",
    ("GET", "/static/{version}/{name:path}"): "files, the same for everybody; this version is none",
    ("HEAD", "/static/{version}/{name:path}"): "likewise",
    ("GET", "/favicon.ico"): "likewise",
    ("HEAD", "/favicon.ico"): "likewise",
    ("POST", "/desk/sign-in"): "takes a form; its refusals are pages, tried in `test_no_refusal_repeats_what_was_sent`",
    ("POST", "/desk/approvals"): "takes a form; its refusals are pages, tried in `test_no_refusal_repeats_what_was_sent`",
    ("POST", "/desk/sessions"): "takes a form; its refusals are pages, tried in `test_no_refusal_repeats_what_was_sent`",
    ("GET", "/desk/sign-in/{provider}"): "leads to a provider; none is set up here",
    ("GET", "/desk/sign-in/{provider}/callback"): "likewise",
    ("POST", "/desk/sign-in/{provider}/logout"): "likewise",
    ("GET", "/desk/sign-in/break-glass"): "off, as it usually is",
    ("POST", "/desk/sign-in/break-glass"): "likewise",
    ("POST", "/s/{token}"): "takes a form, and leads back to the page, which is crawled",
    ("GET", "/v1/cti/{connection}"): "exchanges prove themselves; nothing of anybody is in the answer",
    ("POST", "/v1/cti/{connection}"): "likewise",
    ("GET", "/v1/cti/{connection}/{secret:path}"): "likewise",
    ("POST", "/v1/cti/{connection}/{secret:path}"): "likewise",
    ("GET", "/v1/webhooks/{connection}"): "likewise",
    ("OPTIONS", "/v1/webhooks/{connection}"): "likewise",
    ("POST", "/v1/webhooks/{connection}"): "likewise",
    ("GET", "/v1/webhooks/{connection}/{secret:path}"): "likewise",
    ("POST", "/v1/webhooks/{connection}/{secret:path}"): "likewise",
    ("POST", "/v1/calls"): "nobody's telephone can be rung here; its answer is an id",
    ("POST", "/v1/approvals/{approval_id}/decide"): "nothing waits for a second person here; its answer is an item of GET",
    ("PUT", "/v1/connections/{name}"): "would set the house up anew; its answer is that of GET",
    ("PUT", "/v1/policies/{kind}"): "likewise",
    ("PUT", "/v1/mappings/{connection}/draft"): "names the state it was made for; its answer is that of GET",
    ("DELETE", "/v1/mappings/{connection}/draft"): "likewise",
    ("POST", "/v1/mappings/{connection}/publish"): "likewise",
    ("POST", "/v1/mappings/{connection}/rollback"): "likewise",
    ("POST", "/v1/customers/{ref}/reveal"): "shows it to whoever may; the others are refused",
    ("POST", "/v1/privacy/erase"): "likewise",
    ("POST", "/v1/privacy/export"): "likewise",
    ("POST", "/v1/privacy/erasures/{erasure_id}/lift"): "nobody was erased",
    ("GET", "/desk/sign-in/step-up"): "leads to a provider; none is set up here",
    ("POST", "/v1/privacy/restrict"): "would set her aside for every role that asks later; its answer is an id",
    ("POST", "/v1/privacy/restrictions/{restriction_id}/lift"): "nobody is restricted",
    ("POST", "/v1/privacy/consents"): "its example is of another day; its answer is empty",
    ("POST", "/v1/dead-letters/{delivery_id}/discard"): "nothing stands still; its answer is that of GET",
    ("POST", "/v1/dead-letters/{delivery_id}/resolve"): "likewise",
    ("POST", "/v1/orders/{connection}/{number}/refund-requests"): "asks for an open order and a proven caller; see test_refunds",
    ("GET", "/v1/refund-requests/{request_id}"): "likewise",
    ("POST", "/v1/pops/{pop_id}/choose"): "there is one candidate; its answer is empty",
    ("POST", "/v1/pops/{pop_id}/open"): "codes are made for one page each, and shown to whoever asked; see test_calls",
    ("POST", "/v1/pops/{pop_id}/link"): "nobody is unknown; its answer is empty",
    ("POST", "/v1/pops/{pop_id}/review"): "nothing was uncertain; its answer is empty",
    ("POST", "/v1/reviews/{item_id}/decide"): "decided otherwise by then; its answer is that of GET",
    ("POST", "/v1/reviews/{item_id}/read-again"): "likewise",
    ("POST", "/v1/reviews/{item_id}/reject"): "likewise",
    ("POST", "/v1/reviews/reject"): "likewise",
    ("POST", "/v1/tickets/{ticket_id}/restore"): "nothing was overwritten; its answer is that of GET",
    (
        "POST",
        "/v1/webhook-subscriptions",
    ): "its example's address is nowhere; its answer is that of GET",
    ("DELETE", "/v1/agents/{agent}/sessions/{session_id}"): "ends a session whose name nobody knows; its answer is empty",
}
"""Routes that answer nobody well here. Refusals are looked at all the same."""
DESCRIBES: Final = ("/openapi.json", "/docs", "/redoc")
"""Pages whose examples are the demo's."""
RINGING: Final = ("agent", "senior", "supervisor")


@dataclass
class Guarded:
    """The house with its doors shut, an agent of every role, and every id there is."""

    house: RunningHouse
    ids: Mapping[str, list[str]]
    key: str = field(repr=False)
    examples: Mapping[tuple[str, str], list[Json]]

    async def signed(self, role: str) -> dict[str, str]:
        """Sign somebody of a role in, anew."""
        return {"Authorization": f"Bearer {self.key}"} if role == "service" else await session_of(self.house, role)

    @cached_property
    def permissions(self) -> Mapping[tuple[str, str], str | None]:
        """Every method and path of the running application, pages included, and the right it asks for."""
        declared = app_of(self.house.house, self.house.settings).state.declared_routes
        return {
            ("GET" if method == "*" else method, route.path): getattr(route.declaration, "permission", None)
            for route in declared
            for method in route.methods
        }

    @cached_property
    def routes(self) -> list[tuple[str, str]]:
        """Every method and path; what takes something away comes last."""
        return sorted(self.permissions, key=lambda each: (each[0] == "DELETE", each[1].endswith(ENDS), each[1], each[0]))

    def ids_of(self, path: str) -> Mapping[str, list[str]]:
        """Return what the names in a path may stand for: "name" means something else in each."""
        return {**self.ids, **{name: values for (where, name), values in NAMED.items() if path.startswith(where)}}


@asynccontextmanager
async def open_guarded(url: str, folder: Path, sandbox: Sandbox) -> AsyncIterator[Guarded]:
    """Let everything happen once in a house of its own, on an empty database at head."""
    file = yaml.safe_load(company(sandbox))
    file["agents"] |= {role: {"name": role.title(), "role": role, "team": "support", "extensions": []} for role in ROLES}
    settings = {"auth": "on", "sign_ins_per_minute": 0, "public_url": "http://127.0.0.1"}
    async with open_house(url, folder, sandbox, set_up=yaml.safe_dump(file, allow_unicode=True), **settings) as house:
        wish = KeyWish(name="test", scopes=tuple(PERMISSIONS), agent=None, life=timedelta(hours=1))
        key, _ = await api_keys.create(house.database, wish, asker=ROOT, now=house.clock())
        house.client.headers["Authorization"] = f"Bearer {key}"
        ids = await a_day(house)
        examples = examples_of(json_of(await house.client.get("/openapi.json")))
        del house.client.headers["Authorization"]
        yield Guarded(house, ids, key, examples)


NAMED: Final[Mapping[tuple[str, str], list[str]]] = {
    ("/v1/datasets/", "name"): ["call_day", "fact_ticket", "fact_feedback"],
    ("/v1/policies/", "kind"): list(policies.KINDS),
    ("/v1/orders/", "connection"): ["erp"],
    ("/static/", "name"): ["desk.css"],
    ("/v1/reports/", "report"): ["kpis"],
}


async def a_day(house: RunningHouse) -> dict[str, list[str]]:
    """Let her be on the line with three of us, and leave a ticket, a comment and an answer; return every id there is."""
    for role in RINGING:
        async with house.screen(role) as screen:
            await house.tell("ringing", f"to-{role}", agent=role)
            await house.tell("answered", f"to-{role}", agent=role)
            await screen.until(lambda heard: heard.card["status"] == "complete")
    await a_call_that_ended(house)
    ref = str((await house.pop(KNOWN))["customer"]["ref"])
    ticket = await post(house, "/v1/tickets", {"subject": "换货", "description": SAID, "customer": ref, "phone": KNOWN}, key="1")
    await post(house, f"/v1/tickets/{ticket['id']}/comments", {"text": SAID}, key="2")
    said = {"kind": "complaint", "text": SAID, "channel": "phone", "customer": ref, "phone": KNOWN}
    feedback = await post(house, "/v1/feedback", said, key="3")
    wanted = {"url": f"{house.sandbox.places['crm']['url']}/tieline", "kinds": ["ticket.*"]}
    told = await post(house, "/v1/webhook-subscriptions", wanted, key="4")
    spare = await post(house, "/v1/api-keys", {"name": "spare", "scopes": ["docs.read"]}, key="5")
    queries = {
        "call_id": "SELECT call_key FROM interactions ORDER BY started_at LIMIT 2",
        "pop_id": "SELECT id FROM pops LIMIT 1",
        "item_id": "SELECT id::text FROM review_items LIMIT 1",
        "delivery_id": "SELECT id::text FROM deliveries LIMIT 1",
    }
    found = {name: [row[0] for row in await house.rows(query)] for name, query in queries.items()}
    orders = (await house.client.get(f"/v1/customers/{ref}/orders")).text
    own = {
        "ref": [ref],
        "ticket_id": [ticket["id"]],
        "feedback_id": [feedback["id"]],
        "subscription_id": [told["id"]],
        "key_id": [spare["id"]],
        "token": [await an_invitation(house)],
        "agent": ["agent"],
        "session_id": ["guess"],
        "secret": ["guess"],
        "connection": ["crm"],
        "name": ["crm"],
        "connector_id": ["zammad"],
        "provider": ["company"],
        "version": ["1"],
        "number": re.findall(r"SO-?[0-9-]+", orders)[:1],
        "request_id": ["01a21926-e946-725c-8966-e7ee05266422"],
        "approval_id": ["01a21926-e946-725c-8966-e7ee05266423"],
        "restriction_id": ["01a21926-e946-725c-8966-e7ee05266422"],
        "erasure_id": ["01a21926-e946-725c-8966-e7ee05266422"],
    }
    return found | own


async def a_call_that_ended(house: RunningHouse) -> None:
    """Somebody nobody knows is served and lost, and she is served and will be asked how it was."""
    for call_id, phone in (("over", KNOWN), ("unknown", NOBODY)):
        async with house.screen("1001") as screen:
            for word in ("ringing", "answered"):
                await house.tell(word, call_id, agent="1001", **{"from": phone})
            await screen.until(partial(_is_known_who, call_id))
        house.clock.forward(timedelta(seconds=40))
        await house.tell("ended", call_id, outcome="served", **{"from": phone})
    await house.settle()
    for occasion in await deciding.waiting(house.house.surveys):
        await deciding.decide(house.house.surveys, occasion)
    house.clock.ahead = timedelta(0)


def _is_known_who(call_id: str, screen: Screen) -> bool:
    pending: bool = screen.told_of(call_id)[-1]["blocks"]["profile"]["pending"]
    return not pending


async def an_invitation(house: RunningHouse) -> str:
    """Do what the delivery of a survey's message does, but for the sending, and return the token of its page."""
    sink = SurveySink(house.house.surveys)
    ((survey_id,), *_) = await house.rows("SELECT id FROM surveys WHERE state = 'sending'")
    async with house.database.read() as conn:
        message, *_ = await deliveries.of_object(conn, "survey", str(survey_id))
    await sink.prepare(message)
    async with house.database.begin() as tx:
        await sink.delivered(tx, message, Delivered(how="answered"))
    return house.house.surveys.token(survey_id)


async def post(house: RunningHouse, path: str, body: Json, *, key: str) -> Json:
    """Do something that is done once under a key."""
    answer = await house.client.post(path, json=body, headers={"Idempotency-Key": f"mask-{key}"})
    assert answer.status_code in {200, 201}, answer.text
    return json_of(answer) if answer.status_code == 200 else dict(answer.json())


def queries_for(path: str, role: str) -> Iterator[Json]:
    """Yield what a GET is asked with: nothing, and what its route needs to show something."""
    yield {}
    if path == "/v1/screen-pop":  # Whoever asks for an agent is shown what that agent may see.
        yield {"phone": KNOWN, "line": LINE, "agent": role if role in RINGING else "agent"}
    yield from ASKED_WITH.get(path, ())


ASKED_WITH: Final[Mapping[str, Sequence[Json]]] = {
    "/v1/customers": ({"phone": KNOWN}, {"email": "zhang.guilan@mail.example"}, {"social": "guilan_zhang"}),
    "/v1/route": ({"phone": KNOWN, "line": LINE},),
    "/v1/reports/{report}": ({"format": "csv"}, {"format": "xlsx"}),
    "/v1/reports/{report}/rows": tuple({"measure": counts[0]} for counts in REPORTS["kpis"].counts.values()),
    "/desk": ({"agent": "agent"},),
    "/s/{token}": ({"lang": "en"},),
}
BODIES: Final[tuple[Json, ...]] = (
    {},
    {"phone": "01065543900", "name": "张桂兰", "id_number": "99010519560308002X", "email": "zhang.guilan@mail.example"},
)
FITTING: Final[Mapping[str, Sequence[Json]]] = {
    "/v1/api-keys/{key_id}/rotate": ({},),
    "/v1/feedback": ({"kind": "complaint", "text": SAID, "channel": "phone", "phone": KNOWN},),
    "/v1/tickets": ({"subject": "换货", "description": SAID, "phone": KNOWN},),
    "/v1/tickets/{ticket_id}/comments": ({"text": SAID},),
    "/v1/privacy/consents/state": ({"phone": KNOWN, "reason": "asked"},),
    "/v1/mappings/{connection}/preview": ({"kind": "customer", "record": {"id": 7, "name": "张桂兰", "mobile": "13800138000"}},),
}
"""Bodies that are taken and say something of her, beside the examples of the interface's description."""
SETS_UP: Final = ("/v1/connections/", "/v1/policies/")
"""What is written there would hold for the roles that ask later: no example is sent."""


def examples_of(openapi: Json) -> Mapping[tuple[str, str], list[Json]]:
    """Return the bodies that the description shows for each route: they fit, so that the answer holds what was written."""
    found: dict[tuple[str, str], list[Json]] = {}
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = content.get("schema", {})
            named = openapi["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
            shown = [*named.get("examples", ()), *(one["value"] for one in content.get("examples", {}).values())]
            found[method.upper(), path] = [] if path.startswith(SETS_UP) else shown[:2]
    return found


async def crawled(guarded: Guarded, role: str) -> dict[str, bytes]:
    """Ask every route as one role, and return what came back, by "number method target" of what was asked."""
    house = guarded.house
    async with httpx.AsyncClient(base_url=house.url, headers=await guarded.signed(role), timeout=30, trust_env=False) as client:
        crawl = Crawl(client, {})
        if role in RINGING:
            await listen(crawl, role)
        if role == "supervisor":
            await listen(crawl, "agent")
        for route in guarded.routes:
            if route not in NOT_CRAWLED and SHOWS_RAW.get(route[1]) not in held_by(role):
                await ask_route(guarded, crawl, route, role)
    return {name: readable_file(found) for name, found in crawl.seen.items()}


def held_by(role: str) -> Collection[str]:
    """Return the rights of a role."""
    return PERMISSIONS if role == "service" else permissions_of(role)


async def ask_route(guarded: Guarded, crawl: Crawl, route: tuple[str, str], role: str) -> None:
    """Ask one route for everything it may be asked for; once, if the role has no right to."""
    method, path = route
    if method in {"GET", "HEAD"}:
        wished: list[Json] = [{"params": query} for query in queries_for(path, role)]
    elif method == "DELETE":
        ended = await guarded.signed(role)  # It may be the session that it ends.
        wished = [{"headers": {**ended, "If-Match": "*"}}]
    else:
        bodies = [*BODIES[-1:], *FITTING.get(path, ()), *guarded.examples.get((method, re.sub(r":path\}", "}", path)), ())]
        wished = [{"json": body, "headers": {"If-Match": "*", "Idempotency-Key": uuid.uuid4().hex}} for body in bodies]
    permission = guarded.permissions[route]
    asked = itertools.product(filled(path, guarded.ids_of(path)), wished)
    for target, options in asked if permission is None or permission in held_by(role) else itertools.islice(asked, 1):
        await crawl.ask(method, target, **options)


def readable_file(answer: bytes) -> bytes:
    """Return an answer as it is, and behind it what a workbook in it holds."""
    head, _, body = answer.partition(b"\n\n")
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(BytesIO(body)) as book:
        return head + b"\n\n" + b"".join(book.read(name) for name in book.namelist())
    return answer
