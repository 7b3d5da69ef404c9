"""Field mappings without code: drafted, previewed, published, rolled back; each step on the state that was read."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.api.front_door import FrontDoor, open_door, rows
from tests.connectors import sample

from tieline.connectors.registry import Catalog
from tieline.security.permissions import PERMISSIONS
from tieline.services.apply import apply
from tieline.store import configuration
from tieline.wiring import applying

CRM: Final = "/v1/mappings/crm"
TIER: Final = {"customer": {"rows": {"tier": {"from": "grade", "values": {"Gold": "high_value", "*": "regular"}}}}}
OTHER: Final = {"customer": {"rows": {"tier": {"from": "class", "values": {"A": "high_value"}}, "company": {"from": "org"}}}}
CANARY: Final = "canary7391"
FIND_REFUSED: Final = (
    sample.FIND_EXAMPLE.replace(
        '{status: 200, json: {results: [{id: "7", name: Li Wei}]}}', "{status: 422, json: {code: duplicate}}"
    ).partition("outcome:")[0]
    + "outcome: duplicate\n"
)


@pytest.fixture(scope="module")
async def door(another_database_url: str, pbx_token: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FrontDoor]:
    """The door, with a CRM whose folder lies outside the package."""
    del pbx_token
    folder = tmp_path_factory.mktemp("mappings")
    sample.write_folder(folder)
    async with open_door(another_database_url, folder) as opened:
        yield opened


@pytest.fixture(autouse=True)
async def crm(door: FrontDoor, tmp_path: Path) -> None:
    """Connect the CRM anew, without rows of its own and without a history."""
    async with door.house.database.begin() as tx:
        await configuration.remove_connection(tx, "crm")
    await set_up(door, tmp_path, "")


async def set_up(door: FrontDoor, folder: Path, mappings: str) -> None:
    file = folder / "tieline.yaml"
    place = f"{door.settings.data_dir}/acme_helpdesk"
    entry = f"{{connector: {place}, config: {{base_url: 'https://crm.invalid'}}, secrets: {{token: 'file:t'}}}}"
    (folder / "t").write_text("s3cr3t-token")
    file.write_text(f"version: 1\nconnections:\n  crm: {entry}\nsources: {{customer: [crm]}}\n{mappings}")
    url = door.settings.database_url
    assert url is not None
    async with applying(door.settings, url.get_secret_value(), Catalog()) as tools:
        await apply(tools, file)
    await door.house.directory.reload()


async def ask(door: FrontDoor, method: str, target: str = CRM, tag: str | None = None, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx
    headers = {**await door.signed(*PERMISSIONS), **({"If-Match": tag} if tag else {})}
    return await door.ask(method, target, headers=headers, **options)


async def tag_of(door: FrontDoor) -> str:
    return (await ask(door, "GET")).headers["etag"]


async def draft(door: FrontDoor, kinds: Mapping[str, Any], tag: str | None = None) -> httpx.Response:
    return await ask(door, "PUT", f"{CRM}/draft", tag or await tag_of(door), json={"kinds": kinds})


async def publish(door: FrontDoor, kinds: Mapping[str, Any]) -> httpx.Response:
    drafted = await draft(door, kinds)
    return await ask(door, "POST", f"{CRM}/publish", drafted.headers["etag"])


async def test_the_state_shows_the_connectors_rows_those_in_use_and_the_draft(door: FrontDoor) -> None:
    before = (await ask(door, "GET")).json()
    assert before["connector_rows"]["customer"] == {"id": {"from": "id", "required": True}, "name": {"field": "name"}}
    assert (before["version"], before["published"], before["draft"]) == (None, {}, None)
    after = (await draft(door, TIER)).json()
    assert (after["version"], after["published"], after["draft"]) == (None, {}, TIER)
    assert after["drafted_by"].startswith("key:")


async def test_a_draft_serves_nobody_until_it_is_published(door: FrontDoor) -> None:
    drafted = await draft(door, TIER)
    assert (await rows(door, "SELECT kind, rows FROM mapping_overrides WHERE connection = 'crm'")) == []
    published = await ask(door, "POST", f"{CRM}/publish", drafted.headers["etag"])
    assert (published.status_code, published.json()["version"], published.json()["draft"]) == (200, 2, None)
    kept = await rows(door, "SELECT kind, rows FROM mapping_overrides WHERE connection = 'crm'")
    assert kept == [("customer", {"rows": TIER["customer"]["rows"]})]


async def test_every_version_is_kept_and_any_can_be_put_back(door: FrontDoor) -> None:
    await publish(door, TIER)
    await publish(door, OTHER)
    back = await ask(door, "POST", f"{CRM}/rollback", await tag_of(door), json={"version": 2})
    assert back.json()["published"] == {"customer": {"rows": TIER["customer"]["rows"]}}
    listed = (await ask(door, "GET", f"{CRM}/versions?limit=3")).json()
    assert [(each["number"], each["origin"]) for each in listed["items"]] == [
        (4, "rolled_back"),
        (3, "published"),
        (2, "published"),
    ]
    rest = (await ask(door, "GET", f"{CRM}/versions?cursor={listed['next']}")).json()
    assert [(each["number"], each["origin"], each["kinds"]) for each in rest["items"]] == [(1, "found", {})]


async def test_what_an_apply_file_had_set_can_be_gone_back_to(door: FrontDoor, tmp_path: Path) -> None:
    await set_up(door, tmp_path, "mappings: {crm: {customer: {rows: {company: {from: firm}}}}}\n")
    await publish(door, TIER)
    await ask(door, "POST", f"{CRM}/rollback", await tag_of(door), json={"version": 1})
    assert (await ask(door, "GET")).json()["published"] == {"customer": {"rows": {"company": {"from": "firm"}}}}


async def test_a_rollback_leaves_the_draft_where_it_is(door: FrontDoor) -> None:
    await publish(door, TIER)
    await draft(door, OTHER)
    back = await ask(door, "POST", f"{CRM}/rollback", await tag_of(door), json={"version": 1})
    assert (back.json()["published"], back.json()["draft"]) == ({}, OTHER)


async def test_a_gray_draft_keeps_the_rows_of_everybody_else(door: FrontDoor) -> None:
    await publish(door, TIER)
    gray = {"customer": {"rows": OTHER["customer"]["rows"], "gray": {"percent": 10}}}
    published = (await publish(door, gray)).json()["published"]["customer"]
    assert (published["gray"], published["before"]) == ({"percent": 10}, TIER["customer"]["rows"])


async def test_a_draft_can_be_taken_away(door: FrontDoor) -> None:
    drafted = await draft(door, TIER)
    gone = await ask(door, "DELETE", f"{CRM}/draft", drafted.headers["etag"])
    assert (gone.json()["draft"], gone.json()["drafted_by"]) == (None, None)
    refused = await ask(door, "POST", f"{CRM}/publish", gone.headers["etag"])
    assert (refused.status_code, refused.json()["code"]) == (409, "mapping_no_draft")


@pytest.mark.parametrize("tag", ['"0-stale"', "nonsense", '"1"'])
async def test_b44_a_stale_state_is_refused(door: FrontDoor, tag: str) -> None:
    answer = await draft(door, TIER, tag)
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert (await ask(door, "GET")).json()["draft"] is None


async def test_b44_without_a_state_nothing_is_changed(door: FrontDoor) -> None:
    for method, target, body in (
        ("PUT", f"{CRM}/draft", {"kinds": TIER}),
        ("DELETE", f"{CRM}/draft", None),
        ("POST", f"{CRM}/publish", None),
        ("POST", f"{CRM}/rollback", {"version": 1}),
    ):
        answer = await ask(door, method, target, json=body) if body else await ask(door, method, target)
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required"), target


async def test_two_administrators_do_not_overwrite_one_another(door: FrontDoor) -> None:
    read_by_both = await tag_of(door)
    assert (await draft(door, TIER, read_by_both)).status_code == 200
    assert (await draft(door, OTHER, read_by_both)).status_code == 412


async def test_an_apply_file_counts_as_a_change(door: FrontDoor, tmp_path: Path) -> None:
    before = await tag_of(door)
    await set_up(door, tmp_path, "mappings: {crm: {customer: {rows: {company: {from: firm}}}}}\n")
    assert (await draft(door, TIER, before)).status_code == 412


def customer(**made: Any) -> dict[str, Any]:  # noqa: ANN401 - rows of every kind
    return {"customer": {"rows": made}}


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        (customer(tier={"from": "{{7*7}}" + CANARY}), "expr_invalid"),
        (customer(tier={"from": f"{{0.__class__}}{CANARY}"}), "expr_invalid"),
        (customer(name={"from": f"__import__('{CANARY}')"}), "expr_invalid"),
        (customer(name={"from": "(a+)+$"}), "expr_invalid"),
        (customer(name={"from": "[" * 500 + "a" + "]" * 500}), "expr_limit"),
        (customer(name={"from": "a" * 100_000}), "expr_limit"),
        (customer(name={"field": "a", "as": f"python({CANARY})"}), "codec_invalid"),
        (customer(**{CANARY: {"from": "a"}}), "mapping_conflict"),
        ({CANARY: {"rows": {"name": {"from": "a"}}}}, "mapping_conflict"),
        (customer(name={"field": "title"}, company={"field": "title"}), "mapping_conflict"),
        (customer(name={"field": "a", "from": "b"}), "mapping_invalid"),
        (customer(name={"field": "a", CANARY: 1}), "mapping_invalid"),
        (customer(phones=None), "mapping_conflict"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_b70_b73_rows_that_cannot_be_used_are_refused_at_save(door: FrontDoor, kinds: Mapping[str, Any], code: str) -> None:
    answer = await draft(door, kinds)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.json()["detail"]
    assert CANARY not in answer.text
    assert (await ask(door, "GET")).json()["draft"] is None


async def test_a_refusal_names_the_row_and_what_was_meant(door: FrontDoor) -> None:
    answer = await draft(door, customer(compny={"from": "org"}))
    assert "customer.compny: customer has no such field; did you mean company?" in answer.json()["detail"]


async def test_a_record_is_explained_field_by_field(door: FrontDoor) -> None:
    await draft(door, TIER)
    wish = {"kind": "customer", "record": {"id": 7, "grade": "Gold"}}
    shown = (await ask(door, "POST", f"{CRM}/preview", json=wish)).json()
    fields = {each["field"]: each for each in shown["records"][0]}
    assert (shown["kind"], fields["tier"]["found"], fields["tier"]["result"]) == ("customer", "Gold", "high_value")
    assert (fields["name"]["outcome"], fields["name"]["reason"], fields["id"]["required"]) == ("absent", "nothing there", True)


async def test_a_recorded_example_is_explained(door: FrontDoor) -> None:
    shown = (await ask(door, "POST", f"{CRM}/preview", json={"example": "customer.find"})).json()
    assert [field["result"] for field in shown["records"][0]] == ["7", "Li Wei"]
    (Path(door.settings.data_dir) / "acme_helpdesk/examples/refused.yaml").write_text(FIND_REFUSED)
    shown = (await ask(door, "POST", f"{CRM}/preview", json={"example": "refused"})).json()
    assert (shown["records"], shown["error"]) == ([], "upstream_duplicate")
    for name in ("ticket.create", "ringing", "nothing", "../connector"):
        assert (await ask(door, "POST", f"{CRM}/preview", json={"example": name})).status_code == 404, name


async def test_a_live_preview_needs_the_right_to_look_customers_up(door: FrontDoor) -> None:
    wish = {"live": {"operation": "customer.find", "inputs": {"phone": "+8613800138000"}}}
    refused = await door.ask("POST", f"{CRM}/preview", json=wish, headers=await door.signed("mappings.edit"))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    unreachable = await ask(door, "POST", f"{CRM}/preview", json=wish)
    assert (unreachable.status_code, unreachable.json()["error"]) == (200, "upstream_dns")
    writes = {"live": {"operation": "ticket.create", "inputs": {"record": "{}"}}}
    assert (await ask(door, "POST", f"{CRM}/preview", json=writes)).status_code == 422


@pytest.mark.parametrize(
    "wish",
    [{}, {"record": {}}, {"kind": "customer"}, {"kind": "customer", "record": {}, "example": "x"}, {"kind": "fax", "record": {}}],
)
async def test_a_preview_of_nothing_or_of_two_things_is_refused(door: FrontDoor, wish: Mapping[str, Any]) -> None:
    assert (await ask(door, "POST", f"{CRM}/preview", json=wish)).status_code == 422


async def test_each_step_is_in_the_audit(door: FrontDoor) -> None:
    before = (await rows(door, "SELECT coalesce(max(seq), 0) FROM audit_entries"))[0][0]
    await publish(door, TIER)
    await ask(door, "POST", f"{CRM}/rollback", await tag_of(door), json={"version": 1})
    found = await rows(
        door,
        "SELECT action, subject, details FROM audit_entries WHERE seq > %s AND action LIKE 'mapping.%%' ORDER BY seq",
        before,
    )
    assert found == [
        ("mapping.drafted", "connection:crm", {"kinds": ["customer"]}),
        ("mapping.published", "connection:crm", {"kinds": ["customer"], "version": 2}),
        ("mapping.rolled_back", "connection:crm", {"to": 1, "version": 3}),
    ]


async def test_what_is_not_there_is_not_found(door: FrontDoor) -> None:
    assert (await ask(door, "GET", "/v1/mappings/nothing")).status_code == 404
    assert (await ask(door, "GET", "/v1/mappings/nothing/versions")).status_code == 404
    assert (await ask(door, "POST", f"{CRM}/rollback", await tag_of(door), json={"version": 99})).status_code == 404
