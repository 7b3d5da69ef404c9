"""A person is erased while calls go on, on two servers: nobody is told of them any more, and they do not come back."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import text
from tests.flows.door import KNOWN, LINE, REGULAR, SHARED, Json, json_of, patiently
from tests.flows.house import RunningHouse

from tieline.connectors.registry import Catalog
from tieline.sandbox.access import ACCESS
from tieline.sandbox.hooks import lotus_signature
from tieline.security.audit_signing import AuditSigner
from tieline.security.permissions import Caller
from tieline.services import audit_chain
from tieline.services.batch.importing import ImportWish, import_phones
from tieline.services.house import House
from tieline.services.privacy import erasing
from tieline.serving import serving
from tieline.store import subject_erase
from tieline.store.database import Transaction
from tieline.store.subject_rows import Sought
from tieline.store.tables import metadata
from tieline.wiring import house_of

SENIOR: Final = "2001"
SECOND_NUMBER: Final = "2155501042"
"""The other number of REGULAR, which nobody asks for again; what is asked again is a new fact."""
CANARIES: Final = ("李娜", "lina@mail.example", "lina_gz", "体育东路", SECOND_NUMBER, "canary-of-hers")
TOLD: Final = (*CANARIES, "李*", "微信下单")
"""What answers say of her, masked or not."""
WHY: Final = {"reason": "case 17"}
OFFICER: Final = Caller("dpo", "dpo", frozenset())


@asynccontextmanager
async def second_server(first: RunningHouse) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    async with (
        house_of(first.settings, first.database_url, Catalog(), clock=first.clock) as house,
        serving(house, first.settings, first.database_url, with_worker=False) as address,
        httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as client,
    ):
        yield house, client


async def write_about_her(house: RunningHouse) -> str:
    """Let her leave something in every store, and return the reference of her record in the CRM."""
    async with house.screen(SENIOR) as screen:
        await house.tell("ringing", "hers", agent=SENIOR, **{"from": REGULAR})
        await screen.until(lambda heard: heard.card["status"] == "complete")
    ref = str((await house.pop(REGULAR, agent=SENIOR))["customer"]["ref"])
    await house.tell("answered", "hers", agent=SENIOR, **{"from": REGULAR})
    await house.tell("ended", "hers", outcome="served", data={"said": "canary-of-hers"}, **{"from": REGULAR})
    await house.settle()
    await post(house.client, "/v1/calls/hers/wrap-up", {"disposition": "x", "notes": "canary-of-hers 李娜"}, ok={200, 204, 404})
    wish = {"subject": "canary-of-hers", "description": "李娜 体育东路", "customer": ref, "phone": REGULAR}
    ticket = await post(house.client, "/v1/tickets", wish, key="hers-1")
    await post(house.client, f"/v1/tickets/{ticket['id']}/comments", {"text": "canary-of-hers lina_gz"}, key="hers-2")
    said = {"kind": "complaint", "text": "canary-of-hers", "channel": "phone", "customer": ref, "call_id": "hers"}
    await post(house.client, "/v1/feedback", said, key="hers-3")
    await tell_of_case(house, ref)
    await house.settle()
    await house.rows_changed(b"""UPDATE deliveries SET state = 'dead', sent = '{"title": "canary-of-hers"}'""")
    await house.house.desk.keeper.settle()
    return ref


async def tell_of_case(house: RunningHouse, ref: str) -> None:
    """Open a case of hers in the CRM, and let the CRM tell of it in its own words."""
    crm = house.sandbox.places["crm"]["url"]
    client = {name: ACCESS["crm"][name] for name in ("client_id", "client_secret")}
    grant = {"grant_type": "client_credentials", **client}
    bearer = {"Authorization": f"Bearer {(await house.client.post(f'{crm}/oauth/token', data=grant)).json()['access_token']}"}
    contact = ref.partition(":")[2]
    case = {"title": "canary-of-hers", "detail": "李娜", "contact_id": contact}
    made = (await house.client.post(f"{crm}/v2/cases", json=case, headers=bearer)).json()
    told = {"event": "case.created", "delivery": made["id"], "case_id": made["id"], "revision": made["revision"], "by": "李娜"}
    body = json.dumps({**told, "contact_id": contact}, ensure_ascii=False).encode()
    secret = house.sandbox.places["crm"]["hook_secret"]
    headers = {**lotus_signature(body, str(int(house.clock().timestamp())), secret), "Content-Type": "application/json"}
    answer = await house.client.post("/v1/webhooks/crm", content=body, headers=headers)
    assert answer.status_code == 202, answer.text


async def post(client: httpx.AsyncClient, path: str, body: Json, *, key: str = "", ok: set[int] | None = None) -> Json:
    headers = {"Idempotency-Key": key} if key else {}
    answer = await client.post(path, json=body, headers=headers)
    assert answer.status_code in (ok or {200, 201, 202}), answer.text
    return dict(answer.json()) if answer.content else {}


@dataclass
class Load:
    """Softphones that ask and ask. `answers`: when each was asked for, and what it said."""

    clients: list[httpx.AsyncClient]
    ref: str
    answers: list[tuple[float, str]] = field(default_factory=list)
    over: bool = False

    async def run(self) -> None:
        await asyncio.gather(*(self._ask(client) for client in self.clients for _ in range(2)))

    def requires_silence(self, *, after: float) -> None:
        """Nobody who asked after a moment was told of her, and everybody was told of others."""
        late = [text for asked, text in self.answers if asked >= after]
        assert [text for text in late if any(word in text for word in (*TOLD, self.ref))] == []
        assert any('"tier":"high_value"' in text for text in late)

    async def _ask(self, client: httpx.AsyncClient) -> None:
        asked = {"line": LINE, "agent": SENIOR}
        while not self.over:
            for target, query in (
                ("/v1/screen-pop", {"phone": REGULAR, **asked}),
                (f"/v1/customers/{self.ref}", {}),
                ("/v1/screen-pop", {"phone": KNOWN, **asked}),
            ):
                begun = time.monotonic()
                answer = await client.get(target, params=query)
                assert answer.status_code < 500, answer.text
                self.answers.append((begun, answer.text))


async def hits(house: RunningHouse) -> dict[str, list[str]]:
    """Search every row of every table for what is hers."""
    found: dict[str, list[str]] = {}
    for table in metadata.tables:
        for (row,) in await house.rows(f"SELECT to_jsonb(found)::text FROM {table} AS found"):  # noqa: S608 - our own tables
            seen = [canary for canary in CANARIES if canary in readable(row)]
            if seen:
                found.setdefault(table, []).extend(seen)
    return found


def readable(row: str) -> str:
    """Return a row as text, with what Postgres writes as hexadecimal digits read."""
    bodies = [part for part in row.split('"') if part.startswith("\\\\x")]
    return row + "".join(bytes.fromhex(body[3:]).decode("utf-8", "replace") for body in bodies)


async def import_everybody(house: House, folder: Path, ref: str) -> None:
    """Let a full sync bring everybody, her included."""
    file = folder / "everybody.csv"
    rows = [f"{REGULAR},{ref.partition(':')[2]},李娜", f"021-55501042,{ref.partition(':')[2]},李娜", "13700000001,C-other,王五"]
    await asyncio.to_thread(file.write_text, "phone,external_id,name\n" + "\n".join(rows) + "\n", encoding="utf-8")
    wish = ImportWish(path=file, rejects=folder / "rejects.csv", connection="crm", line=LINE)
    await import_phones(house, wish, asker=OFFICER, told=lambda _tally: None)


async def test_erased_during_load_she_is_nowhere_and_does_not_come_back(own_house: RunningHouse, tmp_path: Path) -> None:
    signer = AuditSigner.of(own_house.house.box)
    async with second_server(own_house) as (twin, second):
        ref = await write_about_her(own_house)
        before = await hits(own_house)
        assert {"agent_events", "identity_keys", "tickets", "ticket_comments", "feedback", "inbox", "deliveries"} <= set(before)
        await audit_chain.seal_new(own_house.database, signer, now=own_house.clock())
        load = Load([own_house.client, second], ref)
        running = asyncio.create_task(load.run())
        await until_said(load, "李*", "微信下单", ref)
        erased = json_of(await second.post("/v1/privacy/erase", json={"phone": REGULAR, **WHY}))
        await until_heard(own_house.house, twin)
        heard = time.monotonic()
        await until_asked(load, 30)
        load.over = True
        await running
        load.requires_silence(after=heard)
        assert set(erased["counts"]) >= {"identity_keys", "interactions", "tickets", "feedback", "deliveries"}
        assert ref in erased["recipients"]

        await import_everybody(twin, tmp_path, ref)
        await tell_of_case(own_house, ref)
        await own_house.settle()
        own_house.clock.forward(timedelta(minutes=2))
        await erasing.sweep(twin.desk, twin.box, now=own_house.clock())
        assert await hits(own_house) == {}
        assert kept_of_her(own_house.house) + kept_of_her(twin) == []
        assert await own_house.rows("SELECT external_id FROM identity_keys WHERE e164 = '+8613700000001'") == [("C-other",)]
        assert (await own_house.pop(REGULAR, agent=SENIOR))["match"]["state"] == "none"
        await audit_chain.seal_new(own_house.database, signer, now=own_house.clock())
        verdict = await audit_chain.verify(own_house.database, signer.checker, now=own_house.clock())
        assert (verdict.sound, verdict.checked > 20) == (True, True)


def kept_of_her(house: House) -> list[str]:
    """Return what the memory of answers still holds of her."""
    kept = (repr(entry) for entry in house.desk.cache._entries.values())
    return [text for text in kept if any(canary in text for canary in CANARIES)]


async def until_said(load: Load, *words: str) -> None:
    """Wait until the load has been told all of these at least once: the test would prove nothing otherwise."""
    async for _ in patiently(f"nobody was told {words}"):
        if all(any(word in text for _, text in load.answers) for word in words):
            return


async def until_heard(*servers: House) -> None:
    """Wait until every server knows that she was erased."""
    async for _ in patiently("a server never heard of it"):
        if all(server.desk.erased.number(REGULAR) for server in servers):
            return


async def until_asked(load: Load, times: int) -> None:
    """Wait until the softphones have asked so often from now on, and what was under way has ended."""
    wanted = len(load.answers) + times
    async for _ in patiently("nobody asks any more"):
        if len(load.answers) >= wanted:
            return


async def test_a_copy_holds_what_is_hers_and_nothing_of_anybody_else(own_house: RunningHouse) -> None:
    ref = await write_about_her(own_house)
    await own_house.pop(KNOWN, agent=SENIOR)
    copied = await post(own_house.client, "/v1/privacy/export", {"ref": ref, **WHY})
    text = json.dumps(copied, ensure_ascii=False)
    assert [canary for canary in CANARIES if canary not in text] == []
    assert {"interactions", "call_events", "pops", "identity_keys", "tickets", "ticket_comments", "feedback", "inbox"} <= set(
        copied["tables"]
    )
    assert "customer.read" not in text
    assert [word for word in ("张桂兰", KNOWN, "C-other", SHARED) if word in text] == []
    assert {"pop.shown", "pop.answered"} <= {entry["action"] for entry in copied["seen_by"]}


async def test_several_people_at_one_number_are_not_erased_by_it(own_house: RunningHouse) -> None:
    await own_house.pop(SHARED)
    await own_house.house.desk.keeper.settle()
    answer = await own_house.client.post("/v1/privacy/erase", json={"phone": SHARED, **WHY})
    assert (answer.status_code, answer.json()["code"]) == (409, "subject_ambiguous")
    found = (await own_house.client.get("/v1/customers", params={"phone": SHARED})).json()["items"]
    told = await post(own_house.client, "/v1/privacy/erase", {"ref": found[0]["ref"], **WHY})
    assert told["shared_numbers"] == 1
    left = (await own_house.client.get("/v1/customers", params={"phone": SHARED})).json()["items"]
    assert {one["ref"] for one in left} == {one["ref"] for one in found[1:]}


async def test_a_dry_run_counts_and_leaves_everything(own_house: RunningHouse) -> None:
    ref = await write_about_her(own_house)
    before = await hits(own_house)
    told = await post(own_house.client, "/v1/privacy/erase", {"ref": ref, "dry_run": True, **WHY})
    assert (told["id"], told["counts"]["tickets"], await hits(own_house)) == (None, 1, before)


async def test_who_it_was_is_forgotten_with_the_last_pass_and_may_come_back_when_lifted(own_house: RunningHouse) -> None:
    ref = await write_about_her(own_house)
    told = await post(own_house.client, "/v1/privacy/erase", {"ref": ref, **WHY})
    desk, box = own_house.house.desk, own_house.house.box
    for ahead in (timedelta(minutes=2), timedelta(hours=7)):
        own_house.clock.forward(ahead)
        await erasing.sweep(desk, box, now=own_house.clock())
    assert await own_house.rows("SELECT passes, subject, next_pass_at FROM erasures") == [(3, None, None)]
    assert (await own_house.pop(REGULAR))["match"]["state"] == "none"
    lifted = await own_house.client.post(f"/v1/privacy/erasures/{told['id']}/lift", json=WHY)
    assert lifted.status_code == 204
    async for _ in patiently("she never came back"):
        if (await own_house.pop(REGULAR))["match"]["state"] != "none":
            break
    again = await own_house.client.post(f"/v1/privacy/erasures/{told['id']}/lift", json=WHY)
    assert again.status_code == 404


@pytest.mark.parametrize("body", [{}, {"phone": REGULAR, "ref": "crm:1"}, {"ref": "nothing"}, {"phone": "anonymous"}])
async def test_whom_to_erase_is_said_once_and_plainly(house: RunningHouse, body: Json) -> None:
    answer = await house.client.post("/v1/privacy/erase", json={**body, **WHY})
    assert answer.status_code == 422
    told: dict[str, Any] = answer.json()
    assert REGULAR not in json.dumps(told)


async def test_an_erasure_that_postgres_ends_in_a_deadlock_is_made_at_once_all_the_same(
    own_house: RunningHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase = subject_erase.erase
    begun: list[Sought] = []

    async def let_go_once(tx: Transaction, sought: Sought) -> dict[str, int]:
        begun.append(sought)
        if len(begun) == 1:
            await tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$"))
        return await erase(tx, sought)

    monkeypatch.setattr(subject_erase, "erase", let_go_once)
    told = await post(own_house.client, "/v1/privacy/erase", {**WHY, "phone": REGULAR})
    assert (len(begun), await own_house.rows("SELECT id::text, passes FROM erasures")) == (2, [(told["id"], 1)])


async def test_a_first_pass_that_takes_long_is_not_gone_over_by_the_sweep_meanwhile(
    own_house: RunningHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pass counts: were two made at once, the last, of calls that were under way, would never come."""
    erase = subject_erase.erase
    begun: list[Sought] = []

    async def swept_meanwhile(tx: Transaction, sought: Sought) -> dict[str, int]:
        begun.append(sought)
        if len(begun) == 1:
            later = own_house.clock() + timedelta(minutes=2)
            await erasing.sweep(own_house.house.desk, own_house.house.box, now=later)
        return await erase(tx, sought)

    monkeypatch.setattr(subject_erase, "erase", swept_meanwhile)
    await post(own_house.client, "/v1/privacy/erase", {**WHY, "phone": REGULAR})
    assert (len(begun), await own_house.rows("SELECT passes FROM erasures")) == (1, [(1,)])
