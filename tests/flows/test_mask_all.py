"""T-MASK-ALL and T-CANARY: every role asks every route, and nobody reads what the matrix hides; nor does anybody a secret.

The routes come from the running application and the permissions of roles from the matrix, so that neither can be forgotten.
"""

import base64
import itertools
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import httpx
import pytest
from tests.api.front_door import ROLES
from tests.flows.door import json_of
from tests.flows.house import RunningHouse
from tests.flows.house_fixtures import new_database
from tests.flows.mask_crawl import (
    DESCRIBES,
    NEVER_WELL,
    NOT_CRAWLED,
    PERSONAL,
    RINGING,
    Guarded,
    crawled,
    open_guarded,
    readable_file,
)
from tests.flows.sandbox import Sandbox
from tests.flows.test_pop_masking import ROOT, SPELLINGS, Crawl, filled

from tieline.security.masking_catalogue import catalogue
from tieline.services.batch import exporting
from tieline.services.batch.exporting import ExportWish
from tieline.store import secrets
from tieline.store.tables import metadata


@pytest.fixture(scope="module")
async def guarded(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory, systems: Sandbox
) -> AsyncIterator[Guarded]:
    """One house for all tests of this file: they look, and sign in anew."""
    systems.heal()
    with new_database(postgres_url, template_database) as url:
        async with open_guarded(url, tmp_path_factory.mktemp("guarded"), systems) as opened:
            yield opened


def hidden_from(role: str) -> Iterator[str]:
    """Yield what the matrix hides from a role."""
    for row, values in PERSONAL.items():
        if catalogue().matrix[role][row] != "full":
            yield from values


def is_said(value: str, found: bytes) -> bool:
    """Whether a value stands in an answer, a number however it is spelled; a short one as a word, or any figure would hold it."""
    if value.isdigit() and len(value) < 9:
        return re.search(rb"(?<![\w.-])%s(?![\w.-])" % value.encode(), found) is not None
    return value.encode() in (SPELLINGS.sub(b"", found) if value.isdigit() else found)


async def test_no_role_reads_what_the_matrix_hides_on_any_route(guarded: Guarded, capfd: pytest.CaptureFixture[str]) -> None:
    hits: list[tuple[str, str, str]] = []
    well: set[tuple[str, str]] = set()
    for role in (*ROLES, "service"):
        seen = {name: found for name, found in (await crawled(guarded, role)).items() if not name.endswith(DESCRIBES)}
        hits += [(role, value, name) for value in hidden_from(role) for name, found in seen.items() if is_said(value, found)]
        if role in RINGING:
            assert any(name.startswith("stream") and b"pop." in found for name, found in seen.items()), "a stream tells of a card"
        well |= {asked_of(guarded, name) for name, found in seen.items() if found.startswith(b"2")}
    assert hits == []
    asked = set(guarded.routes) - set(NOT_CRAWLED)
    silent = asked - well - {("GET", path) for path in DESCRIBES}
    assert silent - set(NEVER_WELL) == set(), "say why, or ask it so that it answers"
    logged = "".join(capfd.readouterr())
    assert "request.answered" in logged
    values = [value for row in PERSONAL.values() for value in row if not value.isdigit() or len(value) > 8]
    assert [value for value in values if value in logged] == []


def asked_of(guarded: Guarded, name: str) -> tuple[str, str]:
    """Return the route that "number method target" was asked of."""
    _, method, target = name.split(" ", 2)
    fitting = (route for route in guarded.routes if route[0] == method and target in filled(route[1], guarded.ids_of(route[1])))
    return next(fitting, (method, target))


async def test_every_name_in_a_path_stands_for_something_that_is_there(guarded: Guarded) -> None:
    for method, path in guarded.routes:
        known = guarded.ids_of(path)
        assert {name for name in re.findall(r"\{(\w+)", path) if not known.get(name)} == set(), (method, path)
    assert set(NOT_CRAWLED) | set(NEVER_WELL) <= set(guarded.routes), "a reason for a route that is no more"


async def test_no_refusal_repeats_what_was_sent(guarded: Guarded) -> None:
    """Every class of 4xx, as JSON and as a page: what is personal in a path, a query, a header or a body comes back in none."""
    crawl_of: dict[str, bytes] = {}
    signed = {"agent": await guarded.signed("agent"), "service": await guarded.signed("service"), "nobody": {}}
    async with httpx.AsyncClient(base_url=guarded.house.url, timeout=30, trust_env=False) as client:
        crawl = Crawl(client, crawl_of)
        for role, accept in itertools.product(signed, ("application/json", "text/html")):
            for method, target, options in refused_requests():
                headers = {**signed[role], "Accept": accept, **options.pop("headers", {})}
                await crawl.ask(method, target, headers=headers, **options)
    refusals = {name: found for name, found in crawl_of.items() if found.startswith(b"4")}
    assert {int(found[:3]) for found in refusals.values()} >= {400, 401, 403, 404, 405, 413, 414, 415, 421, 422, 428, 431}
    values = [value for row in PERSONAL.values() for value in row]
    assert [(name, value) for name, found in refusals.items() for value in values if is_said(value, found)] == []
    assert len(refusals) > 100


def refused_requests() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Requests that are refused, each with something personal where it is wrong."""
    words = [value for row in PERSONAL.values() for value in row]
    for word in words:
        yield from (("GET", f"/{word}", {}), ("GET", f"/v1/tickets/{word}", {}), ("GET", f"/desk/{word}", {}))
        yield "GET", "/v1/screen-pop", {"params": {"phone": "x" * 200 + word}}
        yield "GET", "/v1/tickets", {"params": {"customer": word}}
    word = " ".join(words)
    note = {"note": word}
    yield from (("GET", path, {}) for path in (f"/pop/{words[0]}?code={words[0]}", f"/s/{words[0]}", f"/desk?agent={words[0]}"))
    yield from (("PROPFIND", "/v1/tickets", {}), ("GET", "/v1/api-keys", {"params": note}), ("GET", f"/v1/calls/{words[0]}", {}))
    yield "GET", f"/v1/screen-pop?phone=1&phone={words[0]}", {}
    yield "GET", f"/v1/tickets?customer={words[0] * 500}", {}
    yield "GET", "/healthz", {"headers": {"Host": f"{words[0]}.example"}}
    yield "GET", "/healthz", {"headers": {"X-Note": words[0] * 1_500}}
    yield "POST", "/v1/tickets", {"json": note, "headers": {"Idempotency-Key": words[0]}}
    yield "POST", "/v1/tickets", {"json": {"subject": word}}
    yield "POST", "/v1/tickets", {"content": word.encode(), "headers": {"Content-Type": f"text/{words[0]}"}}
    yield "POST", "/v1/tickets", {"content": f'{{"subject": "{word}'.encode(), "headers": {"Content-Type": "application/json"}}
    yield "POST", "/v1/call-events", {"content": words[0].encode() * 100_000, "headers": {"Content-Type": "application/json"}}
    yield "PUT", "/v1/policies/tickets", {"json": note}
    yield "PUT", "/v1/mappings/crm/draft", {"json": {"kinds": {"customer": {"rows": {"tier": {"from": "grade"}}}}}}
    yield "PUT", "/v1/connections/crm", {"json": {"connector": words[0], "config": note, "secrets": note}}
    yield from (
        ("POST", path, {"data": {"key": word, "id": word}}) for path in ("/desk/sign-in", "/desk/sessions", "/desk/approvals")
    )
    yield "POST", f"/v1/webhooks/{words[0]}", {"json": note}


async def test_the_command_lines_export_of_the_audit_names_nobody(guarded: Guarded) -> None:
    """Its other exports are whole on purpose : for who runs the server, readable by nobody else, in the audit."""
    for form in (".csv", ".jsonl", ".xlsx"):
        file = guarded.house.folder / f"audit{form}"
        await exporting.export(guarded.house.house, ExportWish("audit", file), asker=ROOT, told=lambda _: None)
        found = readable_file(b"\n\n" + file.read_bytes())
        assert b"pop.shown" in found
        assert [value for row in PERSONAL.values() for value in row if is_said(value, found)] == []


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
    openapi = json_of(await guarded.house.client.get("/openapi.json", headers=await guarded.signed("admin")))
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
    signed = await guarded.signed("agent")
    nobody = {"phone": "13800990099", "email": "nobody@mail.example", "social": "nobody_at_all"}
    for name, known in somebody.items():
        told = set()
        for value in (known, nobody[name]):
            answer = await house.client.get("/v1/customers", params={name: value}, headers=signed)
            body = answer.json()
            told.add((answer.status_code, body["code"], body["detail"], len(answer.content)))
        assert {status for status, *_ in told} == {403}
        assert len(told) == 1, name
    assert house.sandbox.look_ups == 0
