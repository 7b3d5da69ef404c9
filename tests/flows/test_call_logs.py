"""After the hang-up the call is in the CRM and the helpdesk, once; what becomes known later is added."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from tests.flows.door import KNOWN, NOBODY, patiently
from tests.flows.sandbox import Sandbox
from tests.flows.test_tickets import Office, opened

from tieline.store import deliveries


@pytest.fixture
async def office(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Office]:
    async with opened(database_url, tmp_path, sandbox) as office:
        yield office


async def talk(office: Office, call_id: str, *, caller: str = KNOWN, **ended: Any) -> str:  # noqa: ANN401 - fields of an event
    """Let a call run its course, and return its own id."""
    house = office.house
    await house.tell("ringing", call_id, agent="1001", **{"from": caller})
    await house.tell("answered", call_id, agent="1001")
    house.clock.forward(timedelta(seconds=90))
    await house.tell("ended", call_id, agent="1001", outcome="served", **ended)
    return str((await house.client.get(f"/v1/calls/{call_id}")).json()["id"])


async def in_crm(office: Office, key: str, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async for _ in patiently(f"never in the CRM as hoped: {found}"):
        answer = await office.crm.client.get(f"{office.crm.url}/v2/calls/{key}")
        found = answer.json()
        if answer.status_code == 200 and true(found):
            return found
    raise AssertionError


async def in_helpdesk(office: Office, key: str, true: Callable[[dict[str, str]], object]) -> dict[str, str]:
    async for _ in patiently("never in the helpdesk as hoped"):
        answer = await office.helpdesk.client.get(f"{office.helpdesk.url}/api/calls/{key}.xml")
        found = {child.tag: child.text or "" for child in fromstring(answer.text)}
        if "call" in found and true(found):
            return found
    raise AssertionError


async def test_a_call_is_written_back_with_who_when_and_how_long(office: Office) -> None:
    call = await talk(office, "c-logged")
    there = await in_crm(office, f"call:{call}:crm", bool)
    assert (there["telephone_call"], there["direction"], there["agent"], there["outcome"]) == (
        "c-logged",
        "inbound",
        "1001",
        "served",
    )
    assert (there["from_number"], there["to_number"], there["talk_seconds"] >= 89) == ("+8613800138000", "+861065543800", True)
    note = await in_helpdesk(office, f"call:{call}:helpdesk", bool)
    assert (note["agent"], note["outcome"], int(note["ended"]) - int(note["started"]) >= 89) == ("1001", "served", True)


async def test_the_agents_words_and_a_late_recording_are_added_and_nothing_is_logged_twice(office: Office) -> None:
    call = await talk(office, "c-late")
    await in_crm(office, f"call:{call}:crm", bool)
    await office.house.settle()
    said = {"disposition": "resolved", "notes": "已换新"}
    answer = await office.house.client.post("/v1/calls/c-late/wrap-up", json=said)
    assert answer.status_code == 204, answer.text
    await in_crm(office, f"call:{call}:crm", lambda there: there.get("notes") == "已换新")
    await office.house.tell("ended", "c-late", agent="1001", outcome="served", recording_ref="rec-9", event_id="late")
    there = await in_crm(office, f"call:{call}:crm", lambda there: there.get("recording") == "rec-9")
    note = await in_helpdesk(office, f"call:{call}:helpdesk", lambda note: note.get("recording") == "rec-9")
    assert (there["disposition"], note["disposition"], note["notes"]) == ("resolved", "resolved", "已换新")
    writes = office.house.sandbox.writes
    assert writes["POST /api/calls.xml"] == 1


async def test_a_call_inside_the_house_is_nobodys_business_there(office: Office) -> None:
    await office.house.tell("ringing", "c-inside", agent="1002", direction="internal", **{"from": "1001", "to": "1002"})
    await office.house.tell("ended", "c-inside", agent="1002", direction="internal", **{"from": "1001", "to": "1002"})
    await office.house.settle()
    rows = await office.house.rows("SELECT count(*) FROM deliveries WHERE object_kind = 'call_log'")
    assert rows == [(0,)]


async def sent_to_crm(office: Office, call: str) -> dict[str, Any] | None:
    async with office.house.database.read() as conn:
        found = [one for one in await deliveries.of_object(conn, "call_log", call) if one.connection == "crm"]
    return dict(found[0].sent or {}) if found else None


async def looked_up(office: Office, caller: str) -> None:
    """Let the systems say who a number is, as they do while it rings."""
    await office.house.pop(caller)
    await office.house.house.desk.keeper.settle()


async def test_whom_a_call_was_with_is_given_to_the_connector_by_its_id_there(office: Office) -> None:
    await looked_up(office, KNOWN)
    call = await talk(office, "c-with-whom")
    there = await in_crm(office, f"call:{call}:crm", bool)
    sent: dict[str, Any] | None = None
    async for _ in patiently("never delivered"):
        sent = await sent_to_crm(office, call)
        if sent:
            break
    assert sent is not None
    assert (sent["customer_id"], "ticket_id" in sent) == (there["contact_id"], False)


async def test_a_system_that_keeps_calls_only_with_whom_it_knows_is_not_asked_to_keep_others(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = office.house.house.directory.now.connections["crm"]
    needed = {**{name: crm.needs(name) for name in crm.operations}, "call.log": frozenset({"customer_id"})}
    monkeypatch.setattr(crm, "needs", needed.get)
    told = {}
    for caller in (KNOWN, NOBODY):
        await looked_up(office, caller)
        call = await talk(office, f"c-{caller}", caller=caller)
        told[caller] = await sent_to_crm(office, call) is not None
    assert told == {KNOWN: True, NOBODY: False}
