"""The CRM: tokens that run out, filters that are ignored, pages that are cut without a word."""

from datetime import UTC, datetime

import httpx
from tests.unit.sandbox.conftest import MORNING

from tieline.sandbox.access import ACCESS
from tieline.sandbox.lotus_crm import TOKEN_LIFETIME_S, lotus_crm
from tieline.sandbox.world import World


async def test_a_caller_is_found_by_e164(crm: httpx.AsyncClient) -> None:
    found = (await crm.get("/v2/contacts", params={"phone": "+8613800138000"})).json()
    (contact,) = found["contacts"]
    assert (contact["full_name"], contact["segment"], contact["phone_numbers"][0]["number"]) == (
        "张桂兰",
        "VIP",
        "+86 138 0013 8000",
    )
    assert found["page"] == {"count": 1, "next_cursor": None}


async def test_a_filter_it_does_not_know_returns_everybody(crm: httpx.AsyncClient) -> None:
    asked_wrongly = (await crm.get("/v2/contacts", params={"mobile": "+8613800138000"})).json()
    assert asked_wrongly["page"]["count"] == 25
    assert asked_wrongly["page"]["next_cursor"]


async def test_a_page_is_capped_without_a_word(crm: httpx.AsyncClient) -> None:
    assert (await crm.get("/v2/contacts", params={"limit": "500"})).json()["page"]["count"] == 50


async def test_cursors_lead_through_everybody_once(crm: httpx.AsyncClient, world: World) -> None:
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await crm.get("/v2/contacts", params={"limit": "50", "cursor": cursor})).json()
        seen.extend(contact["id"] for contact in page["contacts"])
        cursor = page["page"]["next_cursor"]
    small = World(now=datetime(2026, 11, 22, 2, tzinfo=UTC), crowd_size=120)
    assert len(seen) == len(set(seen)) == len(small.residents("crm"))
    assert len(world.people) > len(seen)


async def test_a_merged_contact_names_its_survivor(crm: httpx.AsyncClient) -> None:
    survivor = (await crm.get("/v2/contacts", params={"phone": "13800138005"})).json()["contacts"][0]
    merged = (await crm.get("/v2/contacts", params={"name": "旧档案"})).json()["contacts"][0]
    assert (await crm.get(f"/v2/contacts/{merged['id']}")).json()["merged_into"] == survivor["id"]


async def test_opinions_of_a_contact(crm: httpx.AsyncClient) -> None:
    contact = (await crm.get("/v2/contacts", params={"phone": "+8613800138000"})).json()["contacts"][0]
    opinions = (await crm.get(f"/v2/contacts/{contact['id']}/opinions")).json()["opinions"]
    assert [(opinion["kind"], opinion["score"]) for opinion in opinions] == [("CSAT", 2), ("COMPLAINT", None)]


async def test_a_missing_contact_is_a_problem_document(crm: httpx.AsyncClient) -> None:
    answer = await crm.get("/v2/contacts/LC-none")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "CONTACT_NOT_FOUND"


async def test_a_token_runs_out_and_a_wrong_secret_gets_none() -> None:
    seconds = 1000.0
    small = World(now=datetime(2026, 11, 22, 2, tzinfo=UTC), crowd_size=0)
    app = lotus_crm(small, now=lambda: MORNING, seconds=lambda: seconds)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://lotus.example") as client:
        wrong = await client.post("/oauth/token", data={"grant_type": "client_credentials", "client_id": "x"})
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
        grant = await client.post("/oauth/token", data={"grant_type": "client_credentials", **ACCESS["crm"]})
        client.headers["Authorization"] = f"Bearer {grant.json()['access_token']}"
        assert grant.json()["expires_in"] == TOKEN_LIFETIME_S
        assert (await client.get("/v2/me")).status_code == 200
        seconds += TOKEN_LIFETIME_S
        expired = await client.get("/v2/me")
    assert (expired.status_code, expired.json()["code"]) == (401, "TOKEN_INVALID")
    assert "invalid_token" in expired.headers["www-authenticate"]


async def test_client_credentials_may_come_as_basic_too(crm: httpx.AsyncClient) -> None:
    pair = (ACCESS["crm"]["client_id"], ACCESS["crm"]["client_secret"])
    grant = await crm.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=pair)
    assert grant.status_code == 200


async def test_a_contacts_address_leads_to_a_page_that_shows_what_they_said(crm: httpx.AsyncClient) -> None:
    contact = (await crm.get("/v2/contacts", params={"phone": "+8613800138000"})).json()["contacts"][0]
    said = {
        "contact_id": contact["id"],
        "kind": "CSAT",
        "score": 1,
        "comment": "<b>慢</b>",
        "causes": ["wait"],
        "mood": "negative",
    }
    assert (await crm.put("/v2/opinions/ours-1", json={**said, "answered_at": "2026-11-22T03:00:00Z"})).status_code == 201
    page = await crm.get(contact["_links"]["web"])
    assert page.headers["content-type"].startswith("text/html")
    told = {
        words: page.text.count(words) for words in ("张桂兰", "白金会员", "&lt;b&gt;慢&lt;/b&gt;", "<b>", "negative", "送货太慢")
    }
    assert told == {"张桂兰": 2, "白金会员": 1, "&lt;b&gt;慢&lt;/b&gt;": 1, "<b>": 0, "negative": 1, "送货太慢": 1}
    assert page.text.index("慢&lt;/b&gt;") < page.text.index("送货太慢"), "the last said stands first"
    assert (await crm.get("/app/contacts/LC-none")).status_code == 404
