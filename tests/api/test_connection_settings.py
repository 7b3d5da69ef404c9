"""Systems are connected without a file: settings and secrets go in, are tried out first, and no secret comes back."""

from datetime import datetime, timedelta
from typing import Any, Final

import httpx
import pytest
from tests.api.front_door import FrontDoor, rows

from tieline.security.permissions import PERMISSIONS
from tieline.store import configuration

DESK: Final = "/v1/connections/desk"
FORM: Final[dict[str, Any]] = {
    "connector": "zammad",
    "config": {"base_url": "https://help.invalid", "group": "Users"},
    "secrets": {"token": "s3cr3t-one"},
}
HOOKED: Final[dict[str, Any]] = {"connector": "generic_rest", "config": {"base_url": "https://help.invalid"}}
"""One that is asked with a token, and told by whoever signs with another secret."""
CANARY: Final = "canary7391"


@pytest.fixture(autouse=True)
async def nothing_connected(door: FrontDoor) -> None:
    async with door.house.database.begin() as tx:
        await configuration.remove_connection(tx, "desk")


async def ask(door: FrontDoor, method: str, target: str = DESK, tag: str | None = None, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx
    headers = {**await door.signed(*PERMISSIONS), **({"If-Match": tag} if tag else {})}
    return await door.ask(method, target, headers=headers, **options)


async def connect(door: FrontDoor, **changes: Any) -> httpx.Response:  # noqa: ANN401 - JSON
    return await ask(door, "PUT", json={**FORM, **changes})


async def token_of(door: FrontDoor) -> str | None:
    found = await rows(door, "SELECT sealed FROM connection_secrets WHERE connection = 'desk' AND field = 'token'")
    return door.house.box.unseal(bytes(found[0][0]), connection="desk", field="token") if found else None


async def test_a_system_is_connected_and_its_secret_is_never_shown(door: FrontDoor) -> None:
    made = await connect(door)
    assert (made.status_code, made.json()["secrets"], made.json()["paused"]) == (201, {"token": "****"}, False)
    read = await ask(door, "GET")
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    assert "s3cr3t" not in made.text + read.text
    assert await token_of(door) == "s3cr3t-one"


@pytest.mark.parametrize("secrets", [{"token": "****"}, {}], ids=["masked", "left out"])
async def test_b72_a_masked_secret_is_unchanged_and_never_kept_literally(door: FrontDoor, secrets: dict[str, str]) -> None:
    made = await connect(door)
    changed = await ask(
        door, "PUT", tag=made.headers["etag"], json={**FORM, "config": {**FORM["config"], "group": "Sales"}, "secrets": secrets}
    )
    assert (changed.status_code, changed.json()["config"]["group"]) == (200, "Sales")
    assert await token_of(door) == "s3cr3t-one"


async def test_b72_there_must_be_something_to_leave_unchanged(door: FrontDoor) -> None:
    answer = await connect(door, secrets={"token": "****"})
    assert (answer.status_code, answer.json()["code"]) == (422, "secret_missing")


async def test_a_secret_is_replaced_and_the_state_changes_with_it(door: FrontDoor) -> None:
    made = await connect(door)
    changed = await ask(door, "PUT", tag=made.headers["etag"], json={**FORM, "secrets": {"token": "s3cr3t-two"}})
    assert changed.headers["etag"] != made.headers["etag"]
    assert await token_of(door) == "s3cr3t-two"


async def test_b44_a_change_names_the_state_it_is_meant_for(door: FrontDoor) -> None:
    made = await connect(door)
    for tag, expected in ((None, (428, "precondition_required")), ('"stale"', (412, "precondition_failed"))):
        for method in ("PUT", "DELETE"):
            answer = await ask(door, method, tag=tag, json=FORM) if method == "PUT" else await ask(door, method, tag=tag)
            assert (answer.status_code, answer.json()["code"]) == expected
    assert (await ask(door, "DELETE", tag=made.headers["etag"])).status_code == 204
    assert (await ask(door, "GET")).status_code == 404
    assert (await ask(door, "PUT", tag=made.headers["etag"], json=FORM)).status_code == 412


FORBIDDEN: Final = (
    "file:///etc/passwd",
    "gopher://x.example",
    "http://169.254.169.254",
    "https://169.254.169.254",
    "https://100.100.100.200",
    "https://[::ffff:127.0.0.1]",
    "https://[64:ff9b::7f00:1]",
    "https://[2002:7f00:1::]",
    "https://0x7f000001",
    "https://2130706433",
    "https://127.1",
    "https://0177.0.0.1",
    "https://①②⑦.0.0.1",
    f"https://user@{CANARY}.example",
    f"https://{CANARY}.example#@evil.example",
    f"https://{CANARY}.example\\@evil.example",
    "https://localhost.",
    "https://127.0.0.1.nip.io:22",
    f"https://{CANARY}.example:5432",
    f"https://{CANARY}.example:6379",
    f"https://{CANARY}.example/{'x' * 2_048}",
)


@pytest.mark.parametrize("url", FORBIDDEN, ids=lambda url: url[:40])
async def test_b69_an_address_that_may_not_be_called_is_refused_at_save(door: FrontDoor, url: str) -> None:
    answer = await connect(door, config={"base_url": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "url_forbidden"), answer.json()
    assert CANARY not in answer.text
    assert (await ask(door, "GET")).status_code == 404


@pytest.mark.parametrize("token", ["x\r\nHost: evil.example", "x\nX: y"])
async def test_b71_a_value_that_would_break_out_of_its_header_is_refused(door: FrontDoor, token: str) -> None:
    answer = await connect(door, secrets={"token": token})
    assert (answer.status_code, answer.json()["code"]) == (422, "header_forbidden")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"connector": "nothing"}, "connector_unknown"),
        ({"connector": "../../etc"}, "field_value"),
        ({"connector": "./folder"}, "field_value"),
        ({"config": {}}, "upstream_config"),
        ({"config": {"base_url": "https://help.invalid", CANARY: "x"}}, "upstream_config"),
        ({"config": {"base_url": ["x"]}}, "field_type"),
        ({"config": {"base_url": "https://help.invalid", "token": "x"}}, "secret_missing"),
        ({"secrets": {}}, "secret_missing"),
        ({"secrets": {"token": " "}}, "secret_missing"),
        ({"secrets": {"token": None}}, "secret_missing"),
        ({"paused": True}, "field_unknown"),
    ],
)
async def test_a_form_that_is_not_filled_in_rightly_is_refused(door: FrontDoor, changes: dict[str, Any], code: str) -> None:
    answer = await connect(door, **changes)
    found = {answer.json()["code"], *(each["code"] for each in answer.json()["errors"])}
    assert (answer.status_code, code in found) == (422, True), answer.json()
    assert CANARY not in answer.text
    assert (await ask(door, "GET")).status_code == 404


async def test_a_misspelt_field_is_told_with_what_was_meant(door: FrontDoor) -> None:
    answer = await connect(door, config={"base_ulr": "https://help.invalid"})
    assert "there is no field 'base_ulr'; did you mean base_url?" in answer.json()["detail"]


async def test_a_name_is_a_word(door: FrontDoor) -> None:
    for name in ("Desk", "9desk", "a" * 42, "de-sk"):
        assert (await ask(door, "PUT", f"/v1/connections/{name}", json=FORM)).status_code == 422


async def test_pausing_twice_is_pausing_once(door: FrontDoor) -> None:
    await connect(door)
    before = (await rows(door, "SELECT count(*) FROM audit_entries WHERE action = 'connection.paused'"))[0][0]
    for _ in range(2):
        assert (await ask(door, "POST", f"{DESK}/pause")).json()["paused"] is True
    assert (await rows(door, "SELECT count(*) FROM audit_entries WHERE action = 'connection.paused'"))[0][0] == before + 1
    await door.house.directory.reload()
    assert (await ask(door, "GET", f"{DESK}/health")).json()["standing"] == "switched_off"
    assert (await ask(door, "POST", f"{DESK}/resume")).json()["paused"] is False
    await door.house.directory.reload()
    assert (await ask(door, "GET", f"{DESK}/health")).json()["standing"] == "up"


async def test_a_change_is_in_the_audit_without_a_value(door: FrontDoor) -> None:
    await connect(door)
    found = await rows(
        door, "SELECT action, details FROM audit_entries WHERE subject = 'connection:desk' ORDER BY seq DESC LIMIT 1"
    )
    assert found == [
        ("connection.created", {"connector": "zammad", "fields": ["base_url", "group"], "secrets": ["token"]}),
    ]


async def test_verifying_stops_at_the_first_step_that_does_not_hold(door: FrontDoor) -> None:
    await connect(door)
    verified = (await ask(door, "POST", f"{DESK}/verify")).json()
    assert [(step["name"], step["ok"], step["code"]) for step in verified["steps"]] == [
        ("settings", True, None),
        ("addresses", False, "upstream_dns"),
    ]
    assert verified["ok"] is False


async def test_the_catalog_tells_what_a_system_wants_filled_in(door: FrontDoor) -> None:
    shown = (await ask(door, "GET", "/v1/connectors/zammad")).json()
    assert (shown["category"], shown["tier"], shown["arrivals"]) == ("helpdesk", "bronze", [])
    assert [(each["name"], each["type"], each["required"], each["secret"]) for each in shown["form"]] == [
        ("base_url", "url", True, False),
        ("token", "text", True, True),
        ("group", "text", False, False),
        ("certificate_authority", "text", False, False),
    ]
    assert {"name": "ticket.create", "writes": True, "record": "ticket"} in shown["operations"]
    assert "user-found" in shown["examples"]
    for name in ("nothing", "..", "%2e%2e%2fcatalog"):
        assert (await ask(door, "GET", f"/v1/connectors/{name}")).status_code == 404


async def test_where_a_system_keeps_data_is_set_kept_and_taken_away_and_the_audit_knows(door: FrontDoor) -> None:
    abroad = {"region": "DE", "transfer": {"basis": "adequacy", "recipient": "Example GmbH", "withhold": ["phone", "address"]}}
    made = await connect(door, border=abroad)
    assert made.status_code == 201, made.text
    shown = made.json()["border"]
    assert (shown["region"], sorted(shown["transfer"]["withhold"])) == ("DE", ["address", "phone"])

    form = {**FORM, "secrets": {}}  # a secret that is sealed anew is a new state
    left_out = await ask(door, "PUT", tag=made.headers["etag"], json=form)
    assert (left_out.json()["border"]["region"], left_out.headers["etag"]) == ("DE", made.headers["etag"])

    closed = await ask(door, "PUT", tag=made.headers["etag"], json={**form, "border": {"region": "DE"}})
    assert (closed.json()["border"]["transfer"], closed.headers["etag"] != made.headers["etag"]) == (None, True)

    gone = await ask(door, "PUT", tag=closed.headers["etag"], json={**form, "border": None})
    assert gone.json()["border"] is None
    told = await rows(
        door, "SELECT details->'border'->>'region' FROM audit_entries WHERE subject = 'connection:desk' ORDER BY seq DESC LIMIT 4"
    )
    assert [row[0] for row in told] == [None, "DE", None, "DE"]


async def test_a_border_that_says_nothing_or_too_much_is_refused(door: FrontDoor) -> None:
    for border in ({"region": "Germany"}, {"transfer": {"basis": "adequacy", "recipient": "x"}}, {"region": "DE", "x": 1}):
        assert (await connect(door, border=border)).status_code == 422


async def test_what_overlaps_is_told_with_its_end_and_never_its_value(door: FrontDoor) -> None:
    made = await connect(door, **HOOKED, secrets={"token": "s3cr3t-one", "hook_secret": CANARY})
    assert made.json()["former_secrets"] == {}
    form = {**HOOKED, "secrets": {"hook_secret": "another-one"}, "overlap_h": 48}
    changed = await ask(door, "PUT", tag=made.headers["etag"], json=form)
    assert set(changed.json()["former_secrets"]) == {"hook_secret"}
    until = datetime.fromisoformat(changed.json()["former_secrets"]["hook_secret"])
    assert timedelta(hours=47) < until - door.house.clock() <= timedelta(hours=48)
    assert CANARY not in changed.text + (await ask(door, "GET")).text


@pytest.mark.parametrize("secrets", [{"token": "s3cr3t-two"}, {}, {"hook_secret": "the first"}])
async def test_only_what_proves_a_sender_and_is_replaced_overlaps(door: FrontDoor, secrets: dict[str, str]) -> None:
    made = await connect(door, **HOOKED)
    refused = await ask(door, "PUT", tag=made.headers["etag"], json={**HOOKED, "secrets": secrets, "overlap_h": 1})
    assert (refused.status_code, refused.json()["code"]) == (422, "overlap_unused")
    assert await token_of(door) == "s3cr3t-one"
