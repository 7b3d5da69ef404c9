"""T-MASK-ALL and T-CANARY: every role asks every route, and nobody reads what the matrix hides; nor does anybody a secret.

The routes come from the running application and the permissions of roles from the matrix, so that neither can be forgotten.
"""

import base64
import itertools
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml
from tests.api.front_door import ROLES
from tests.flows.door import KNOWN, LINE, Json, json_of
from tests.flows.house import RunningHouse, company, open_house
from tests.flows.sandbox import Sandbox
from tests.flows.test_pop_masking import ROOT, SPELLINGS, Crawl, filled, listen, session_of

from tieline.security.masking_catalogue import catalogue
from tieline.security.permissions import PERMISSIONS
from tieline.services import api_keys
from tieline.services.api_keys import KeyWish
from tieline.store import secrets
from tieline.store.tables import metadata
from tieline.wiring import app_of

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
SHOWS_RAW: Final = frozenset({"/v1/customers/{ref}/reveal", "/v1/privacy/export", "/v1/privacy/erase"})
"""Routes that are there to show it: each with a right, a reason and an entry of its own, and tests of their own."""
NOT_CRAWLED: Final = frozenset({"/v1/agents/{agent}/pops", "/desk/sign-out"})
"""A stream, listened to below; and the way out."""
DESCRIBES: Final = ("/openapi.json", "/docs", "/redoc")
"""Pages whose examples are the demo's."""
RINGING: Final = ("agent", "senior", "supervisor")


@dataclass
class Guarded:
    """The house with its doors shut, an agent of every role, and every id there is."""

    house: RunningHouse
    ids: Mapping[str, list[str]]
    headers: Mapping[str, dict[str, str]]

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Return every method and path of the running application, pages included."""
        declared = app_of(self.house.house, self.house.settings).state.declared_routes
        return [(method, route.path) for route in declared for method in route.methods if method not in {"HEAD", "DELETE"}]


@pytest.fixture
async def guarded(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Guarded]:
    file = yaml.safe_load(company(sandbox))
    file["agents"] |= {role: {"name": role.title(), "role": role, "team": "support", "extensions": []} for role in ROLES}
    async with open_house(database_url, tmp_path, sandbox, set_up=yaml.safe_dump(file, allow_unicode=True), auth="on") as house:
        wish = KeyWish(name="test", scopes=tuple(PERMISSIONS), agent=None, life=timedelta(hours=1))
        key, _ = await api_keys.create(house.database, wish, asker=ROOT, now=house.clock())
        house.client.headers["Authorization"] = f"Bearer {key}"
        ids = await a_day(house)
        headers = {role: await session_of(house, role) for role in ROLES} | {"service": {"Authorization": f"Bearer {key}"}}
        del house.client.headers["Authorization"]
        yield Guarded(house, ids, headers)


async def a_day(house: RunningHouse) -> dict[str, list[str]]:
    """Let her be on the line with three of us, and leave a ticket, a comment and an answer; return every id there is."""
    for role in RINGING:
        async with house.screen(role) as screen:
            await house.tell("ringing", f"to-{role}", agent=role)
            await screen.until(lambda heard: heard.card["status"] == "complete")
    ref = str((await house.pop(KNOWN))["customer"]["ref"])
    ticket = await post(house, "/v1/tickets", {"subject": "换货", "description": SAID, "customer": ref, "phone": KNOWN}, key="1")
    await post(house, f"/v1/tickets/{ticket['id']}/comments", {"text": SAID}, key="2")
    said = {"kind": "complaint", "text": SAID, "channel": "phone", "customer": ref, "phone": KNOWN}
    feedback = await post(house, "/v1/feedback", said, key="3")
    queries = {
        "call_id": "SELECT call_key FROM interactions",
        "pop_id": "SELECT id FROM pops LIMIT 4",
        "item_id": "SELECT id::text FROM review_items LIMIT 2",
        "delivery_id": "SELECT id::text FROM deliveries LIMIT 2",
    }
    found = {name: [row[0] for row in await house.rows(query)] for name, query in queries.items()}
    own = {
        "ref": [ref],
        "ticket_id": [ticket["id"]],
        "feedback_id": [feedback["id"]],
        "agent": ["agent"],
        "secret": ["guess"],
        "connection": ["crm"],
        "name": ["crm"],
    }
    return found | own | {"record": ["orders", "tickets"], "number": ["SO-1"], "report": ["kpis", "csat"]}


async def post(house: RunningHouse, path: str, body: Json, *, key: str) -> Json:
    answer = await house.client.post(path, json=body, headers={"Idempotency-Key": f"mask-{key}"})
    assert answer.status_code in {200, 201}, answer.text
    return json_of(answer) if answer.status_code == 200 else dict(answer.json())


def queries_for(path: str, role: str) -> Iterator[Json]:
    yield {}
    if path == "/v1/screen-pop":  # Whoever asks for an agent is shown what that agent may see.
        yield {"phone": KNOWN, "line": LINE, "agent": role if role in RINGING else "agent"}
    if path == "/v1/customers":
        yield from ({"phone": KNOWN}, {"email": "zhang.guilan@mail.example"}, {"social": "guilan_zhang"})


BODIES: Final[tuple[Json, ...]] = (
    {},
    {"phone": "01065543900", "name": "张桂兰", "id_number": "99010519560308002X", "email": "zhang.guilan@mail.example"},
)


async def crawled(guarded: Guarded, role: str) -> dict[str, bytes]:
    """Ask every route as one role, and return what came back."""
    house = guarded.house
    async with httpx.AsyncClient(base_url=house.url, headers=guarded.headers[role], timeout=20, trust_env=False) as client:
        crawl = Crawl(client, {})
        for method, path in guarded.routes:
            if path in NOT_CRAWLED | SHOWS_RAW:
                continue
            wished = (
                [{"params": query} for query in queries_for(path, role)]
                if method == "GET"
                else [{"json": body} for body in BODIES]
            )
            for target, options in itertools.product(filled(path, guarded.ids), wished):
                await crawl.ask(method, target, **options)
        if role in RINGING:
            await listen(crawl, role)
    return crawl.seen


def hidden_from(role: str) -> Iterator[str]:
    """Yield what the matrix hides from a role."""
    for row, values in PERSONAL.items():
        if catalogue().matrix[role][row] != "full":
            yield from values


def is_said(value: str, found: bytes) -> bool:
    return value.encode() in (SPELLINGS.sub(b"", found) if value.isdigit() else found)


async def test_no_role_reads_what_the_matrix_hides_on_any_route(guarded: Guarded, capfd: pytest.CaptureFixture[str]) -> None:
    hits: list[tuple[str, str, str]] = []
    asked = 0
    for role in (*ROLES, "service"):
        seen = {name: found for name, found in (await crawled(guarded, role)).items() if not name.endswith(DESCRIBES)}
        asked += len(seen)
        hits += [(role, value, name) for value in hidden_from(role) for name, found in seen.items() if is_said(value, found)]
        if role in RINGING:
            assert any(name.startswith("stream") and b"pop." in found for name, found in seen.items()), "a stream tells of a card"
        answered = {re.sub(r"^\d+ ", "", name) for name, found in seen.items() if found.startswith(b"200")}
        assert len(answered) > 5, (role, answered)
    assert hits == []
    assert asked > len(ROLES) * 120
    logged = "".join(capfd.readouterr())
    assert "request.answered" in logged
    values = [value for row in PERSONAL.values() for value in row if not value.isdigit() or len(value) > 8]
    assert [value for value in values if value in logged] == []


def spellings(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, encoded, base64.urlsafe_b64encode(secret.encode()).decode().rstrip("=")}


async def secrets_of(house: RunningHouse) -> set[str]:
    """Return every secret of the house, the token of its CRM among them."""
    async with house.database.read() as conn:
        sealed = await secrets.of_all(conn)
    box = house.house.box
    entered = {box.unseal(one, connection=name, field=field) for name, fields in sealed.items() for field, one in fields.items()}
    tokens = await house.rows("SELECT connection, field, sealed FROM connection_secrets WHERE field LIKE 'token:%'")
    opened = {box.unseal(bytes(one), connection=name, field=field) for name, field, one in tokens}
    return {secret for secret in entered | opened if len(secret) > 7}


async def test_no_secret_is_in_an_answer_a_log_a_row_or_an_address(guarded: Guarded, capfd: pytest.CaptureFixture[str]) -> None:
    house = guarded.house
    marks = {mark for secret in await secrets_of(house) for mark in spellings(secret)}
    assert len(marks) > 10
    seen: dict[str, Any] = {name: found.decode("utf-8", "replace") for name, found in (await crawled(guarded, "service")).items()}
    seen["the log"] = "".join(capfd.readouterr())
    for table in metadata.tables:
        rows = await house.rows(f"SELECT to_jsonb(found)::text FROM {table} AS found")  # noqa: S608 - our own tables
        seen[f"the table {table}"] = "\n".join(readable(row) for (row,) in rows)
    seen["addresses"] = "\n".join(request for gate in house.sandbox.gates.values() for request in gate.seen)
    assert {(name, mark) for name, found in seen.items() for mark in marks if mark in found} == set()


def readable(row: str) -> str:
    """Return a row as text, with what Postgres writes as hexadecimal digits read."""
    bodies = re.findall(r'"\\\\x((?:[0-9a-f]{2})+)"', row)
    return row + "".join(bytes.fromhex(body).decode("utf-8", "replace") for body in bodies)


PERSONAL_WORDS: Final = (
    "phone",
    "email",
    "social",
    "name",
    "address",
    "birth",
    "id_number",
    "text",
    "sort",
    "order_by",
    "search",
    "q",
)
ASKS_BY: Final = {
    ("/v1/screen-pop", "phone"),
    ("/v1/route", "phone"),
    ("/v1/customers", "phone"),
    ("/v1/customers", "email"),
    ("/v1/customers", "social"),
}
"""What may be asked by a personal value: who is ringing, and the search, which is a right of its own."""


async def test_no_list_can_be_narrowed_or_sorted_by_what_is_masked(guarded: Guarded) -> None:
    openapi = json_of(await guarded.house.client.get("/openapi.json", headers=guarded.headers["admin"]))
    taken = {
        (path, one["name"])
        for path, methods in openapi["paths"].items()
        for operation in methods.values()
        for one in operation.get("parameters", ())
        if one["in"] == "query" and one["name"] in PERSONAL_WORDS
    }
    assert taken == ASKS_BY


async def test_whoever_may_not_search_cannot_tell_a_customer_from_nobody(guarded: Guarded) -> None:
    """The same refusal, word for word, and no system is asked: neither the answer nor its time says whether there is one."""
    house = guarded.house
    house.sandbox.heal()
    somebody = {"phone": "13800138002", "email": "lina@mail.example", "social": "lina_gz"}
    nobody = {"phone": "13800990099", "email": "nobody@mail.example", "social": "nobody_at_all"}
    for name, known in somebody.items():
        told = set()
        for value in (known, nobody[name]):
            answer = await house.client.get("/v1/customers", params={name: value}, headers=guarded.headers["agent"])
            body = answer.json()
            told.add((answer.status_code, body["code"], body["detail"], len(answer.content)))
        assert {status for status, *_ in told} == {403}
        assert len(told) == 1, name
    assert house.sandbox.look_ups == 0
