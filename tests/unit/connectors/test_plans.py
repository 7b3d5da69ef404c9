"""Capabilities that take several calls: chains of look-ups, search before create, one change by several verbs, polled jobs."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.unit.connectors.wires import CALLER, FakeWire, connect, json_answer

from tieline.connectors.connection import VendorConnection
from tieline.connectors.contract import ItemResult
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain import errors
from tieline.kit.deadline import Deadline

KEY = {"header": "X-Key"}
Vendor = Callable[[str], Incoming]


def opened(folder: Path, vendor: Mapping[str, Incoming | list[Incoming]], **parts: object) -> tuple[VendorConnection, FakeWire]:
    """A vendor that answers each `METHOD /path` as told; several answers are given in turn, the last one for ever."""

    def answering(outgoing: Outgoing) -> Incoming:
        told = vendor[f"{outgoing.method} {outgoing.url.removeprefix('https://x.example').partition('?')[0]}"]
        if isinstance(told, list):
            return told.pop(0) if len(told) > 1 else told[0]
        return told

    return connect(folder, answering, **parts)


def asked(wire: FakeWire) -> list[str]:
    return [f"{outgoing.method} {outgoing.url.removeprefix('https://x.example')}" for outgoing in wire.sent]


CHAIN: dict[str, object] = {
    "parts": {
        "numbers": {"request": {"path": "/numbers", "query": {"q": "$in.phone.e164"}}, "records": "body.rows"},
        "addresses": {"request": {"path": "/addresses/$saved.address"}, "records": "body.rows"},
        "people": {
            "request": {"path": "/people", "query": {"ids": {"$join": {"of": "$saved.people", "with": ","}}}},
            "records": "body.rows",
        },
    },
    "operations": {
        "customer.find": {
            "steps": [
                {"do": "numbers", "save": {"address": "record.address_id", "number": "record.number"}},
                {"do": "addresses", "save": {"people": {"each": "record.person"}}},
                {"do": "people"},
            ],
            "add": {"phone": "$saved.number"},
        }
    },
}


async def test_a_chain_of_look_ups_hands_on_what_each_found(tmp_path: Path) -> None:
    vendor = {
        "GET /numbers": json_answer({"rows": [{"address_id": 22, "number": "13800138000"}]}),
        "GET /addresses/22": json_answer({"rows": [{"person": "a"}, {"person": None}, {"person": "b"}]}),
        "GET /people": json_answer({"rows": [{"id": "a"}, {"id": "b"}]}),
    }
    connection, wire = opened(tmp_path, vendor, **CHAIN)
    result = await connection.run("customer.find", deadline=Deadline.after(5), phone=CALLER)
    assert asked(wire) == ["GET /numbers?q=%2B8613800138000", "GET /addresses/22", "GET /people?ids=a%2Cb"]
    assert result.records == ({"id": "a", "phone": "13800138000"}, {"id": "b", "phone": "13800138000"})
    assert (result.outcome, result.pages, connection.needs("customer.find")) == ("ok", 3, frozenset({"phone"}))


@pytest.mark.parametrize("rows", [[], [{"number": "13800138000"}]])
async def test_a_chain_that_breaks_finds_nobody_and_asks_no_further(tmp_path: Path, rows: object) -> None:
    connection, wire = opened(tmp_path, {"GET /numbers": json_answer({"rows": rows})}, **CHAIN)
    result = await connection.run("customer.find", deadline=Deadline.after(5), phone=CALLER)
    assert (result.outcome, result.records, len(wire.sent)) == ("not_found", (), 1)


async def test_a_later_link_that_fails_is_no_answer(tmp_path: Path) -> None:
    vendor = {"GET /numbers": json_answer({"rows": [{"address_id": 22}]}), "GET /addresses/22": Incoming(503, {}, b"")}
    connection, _ = opened(tmp_path, vendor, **CHAIN)
    with pytest.raises(errors.VendorUnavailable):
        await connection.run("customer.find", deadline=Deadline.after(5), phone=CALLER)


async def test_alternatives_are_tried_until_one_finds(tmp_path: Path) -> None:
    find = {"request": {"path": "/mobile", "query": {"p": "$in.phone.national"}}, "records": "body"}
    again = {"request": {"path": "/landline", "query": {"p": "$in.phone.national"}}, "records": "body"}
    plan = {"steps": [{"do": "mobile", "save": {"id": "record.id"}}, {"do": "landline", "when": {"saved.id": {"exists": False}}}]}
    parts: dict[str, object] = {"parts": {"mobile": find, "landline": again}, "operations": {"customer.find": plan}}
    for found, calls in (([{"id": 1}], 1), ([], 2)):
        connection, wire = opened(
            tmp_path, {"GET /mobile": json_answer(found), "GET /landline": json_answer([{"id": 2}])}, **parts
        )
        result = await connection.run("customer.find", deadline=Deadline.after(5), phone=CALLER)
        assert ([record["id"] for record in result.records], len(wire.sent)) == ([calls], calls)


SEARCH_FIRST: dict[str, object] = {
    "parts": {
        "make": {
            "writes": True,
            "request": {"method": "POST", "path": "/t", "json": {"ext": "$in.external_id", "title": "$record.title"}},
            "idempotency": {"none": "nothing is offered here"},
            "result": {"id": "body.id"},
        }
    },
    "operations": {
        "ticket.find": {"request": {"path": "/find", "query": {"e": "$in.external_id"}}, "records": "body"},
        "ticket.create": {
            "steps": [
                {"do": "ticket.find", "save": {"there": "record.id"}},
                {"do": "make", "when": {"saved.there": {"exists": False}}},
            ],
            "result": {"id": "$saved.there", "url": "${config.base_url}/show/${saved.there}"},
            "idempotency": {
                "read_back": {
                    "operation": "ticket.find",
                    "with": {"external_id": "$in.external_id"},
                    "holds": {"record.ext": "$in.external_id"},
                    "id": "record.id",
                }
            },
        },
    },
}


@pytest.mark.parametrize(("there", "made", "calls"), [([], "7", 2), ([{"id": 5, "ext": "e-1"}], "5", 1)])
async def test_what_is_there_already_is_not_made_again(tmp_path: Path, there: object, made: str, calls: int) -> None:
    connection, wire = opened(tmp_path, {"GET /find": json_answer(there), "POST /t": json_answer({"id": 7})}, **SEARCH_FIRST)
    result = await connection.run("ticket.create", deadline=Deadline.after(5), record={"title": "x"}, external_id="e-1")
    assert (result.external_id, len(wire.sent), connection.tier("ticket.create")) == (made, calls, "T2")
    assert connection.needs("ticket.create") == frozenset({"external_id"})


async def test_a_plan_is_read_back_like_any_write(tmp_path: Path) -> None:
    connection, _ = opened(tmp_path, {"GET /find": json_answer([{"id": 5, "ext": "e-1"}])}, **SEARCH_FIRST)
    found = await connection.read_back("ticket.create", deadline=Deadline.after(5), external_id="e-1")
    assert (found.outcome, found.external_id) == ("ok", "5")


def verb(path: str, choice: Mapping[str, object] = KEY) -> dict[str, object]:
    request = {"method": "POST", "path": path, "json": {"id": "$in.ticket_id"}}
    return {"writes": True, "request": request, "idempotency": choice}


VERBS: dict[str, object] = {
    "parts": {"priority": verb("/priority"), "close": verb("/close"), "owner": verb("/owner")},
    "operations": {
        "ticket.update": {
            "steps": [
                {"do": "priority", "when": {"record.priority": {"exists": True}}},
                {"do": "owner", "when": {"record.owner": {"exists": True}}},
                {"do": "close", "when": {"record.status": "closed"}},
            ]
        }
    },
}
DONE = json_answer({})
REFUSED = Incoming(422, {}, b"")


async def update(connection: VendorConnection, record: Mapping[str, object]) -> tuple[str, tuple[ItemResult, ...]]:
    result = await connection.run("ticket.update", deadline=Deadline.after(5), ticket_id="7", record=record, idempotency_key="k")
    return result.outcome, result.items


async def test_one_change_becomes_the_verbs_its_fields_call_for(tmp_path: Path) -> None:
    connection, wire = opened(tmp_path, {"POST /priority": DONE, "POST /owner": DONE, "POST /close": DONE}, **VERBS)
    outcome, items = await update(connection, {"priority": "high", "status": "closed"})
    assert (outcome, asked(wire)) == ("ok", ["POST /priority", "POST /close"])
    assert items == (ItemResult(0, "ok"), ItemResult(2, "ok"))
    assert connection.tier("ticket.update") == "T1"


async def test_each_verb_has_a_key_of_its_own_that_stays_the_same(tmp_path: Path) -> None:
    connection, wire = opened(tmp_path, {"POST /priority": DONE, "POST /owner": DONE, "POST /close": DONE}, **VERBS)
    await update(connection, {"priority": "high", "status": "closed"})
    await update(connection, {"priority": "high", "owner": "li", "status": "closed"})
    assert [outgoing.headers["x-key"] for outgoing in wire.sent] == ["k", "k-3", "k", "k-2", "k-3"]


async def test_a_refusal_after_something_was_done_is_partial_and_ends_the_plan(tmp_path: Path) -> None:
    connection, wire = opened(tmp_path, {"POST /priority": DONE, "POST /owner": REFUSED, "POST /close": DONE}, **VERBS)
    outcome, items = await update(connection, {"priority": "high", "owner": "li", "status": "closed"})
    assert (outcome, items) == ("partial", (ItemResult(0, "ok"), ItemResult(1, "permanent")))
    assert asked(wire) == ["POST /priority", "POST /owner"]


@pytest.mark.parametrize(
    ("vendor", "error"),
    [
        ({"POST /priority": REFUSED}, errors.VendorRejected),
        ({"POST /priority": DONE, "POST /close": Incoming(503, {}, b"")}, errors.VendorUnavailable),
    ],
)
async def test_what_may_be_tried_again_is_told_as_such(
    tmp_path: Path, vendor: Mapping[str, Incoming | list[Incoming]], error: type[Exception]
) -> None:
    connection, _ = opened(tmp_path, vendor, **VERBS)
    with pytest.raises(error):
        await update(connection, {"priority": "high", "status": "closed"})


async def test_what_may_not_be_repeated_is_in_doubt_once_something_was_done(tmp_path: Path) -> None:
    """A later step that was certainly not sent does not undo the first, and nobody may begin again at the beginning."""
    parts = {"priority": verb("/priority", {"none": "nothing is offered here"}), "owner": verb("/owner"), "close": verb("/close")}
    vendor = {"POST /priority": DONE, "POST /close": Incoming(503, {}, b"")}
    connection, _ = opened(tmp_path, vendor, **{**VERBS, "parts": parts})
    with pytest.raises(errors.OutcomeUnknown):
        await update(connection, {"priority": "high", "status": "closed"})
    with pytest.raises(errors.VendorUnavailable):
        await update(connection, {"status": "closed"})


async def test_nothing_that_calls_for_a_verb_is_nothing_done(tmp_path: Path) -> None:
    connection, wire = opened(tmp_path, {}, **VERBS)
    assert (await update(connection, {"subject": "x"}), wire.sent) == (("not_found", ()), [])


def test_a_plan_is_as_safe_as_its_weakest_step(tmp_path: Path) -> None:
    parts = {"priority": verb("/p"), "owner": verb("/o", {"none": "nothing is offered here"}), "close": verb("/c")}
    connection, _ = opened(tmp_path, {}, **{**VERBS, "parts": parts})
    assert connection.tier("ticket.update") == "T3"


def job(**poll: object) -> dict[str, object]:
    state = {
        "request": {"path": "/jobs/$saved.job"},
        "records": "body.results",
        "outcomes": [{"when": {"body.status": ["failed", "killed"]}, "is": "permanent"}],
    }
    start = {
        "writes": True,
        "request": {"method": "POST", "path": "/many", "json": "$record"},
        "idempotency": KEY,
        "result": {"id": "body.job.id"},
    }
    steps = [
        {"do": "start", "save": {"job": "result.id"}},
        {"do": "state", "poll": {"until": {"body.status": "completed"}, "every_s": 0.05, **poll}, "save": {"made": "record.id"}},
    ]
    operations = {"ticket.create": {"steps": steps, "result": {"id": "$saved.made"}}}
    return {"parts": {"state": state, "start": start}, "operations": operations}


def states(*names: str) -> list[Incoming]:
    return [json_answer({"status": name, "results": [{"id": 42}] if name == "completed" else []}) for name in names]


async def create(folder: Path, *names: str, within_s: float = 5, **poll: object) -> tuple[str | None, int]:
    vendor: dict[str, Incoming | list[Incoming]] = {
        "POST /many": json_answer({"job": {"id": "j"}}),
        "GET /jobs/j": states(*names),
    }
    connection, wire = opened(folder, vendor, **job(**poll))
    result = await connection.run("ticket.create", deadline=Deadline.after(within_s), record={}, idempotency_key="k")
    return result.external_id, len(wire.sent)


async def test_a_job_is_polled_until_it_is_done(tmp_path: Path) -> None:
    assert await create(tmp_path, "queued", "working", "completed") == ("42", 4)


async def test_a_job_that_failed_is_a_refusal(tmp_path: Path) -> None:
    vendor: dict[str, Incoming | list[Incoming]] = {
        "POST /many": json_answer({"job": {"id": "j"}}),
        "GET /jobs/j": states("queued", "failed"),
    }
    connection, _ = opened(tmp_path, vendor, **job())
    with pytest.raises(errors.VendorRejected):
        await connection.run("ticket.create", deadline=Deadline.after(5), record={}, idempotency_key="k")


@pytest.mark.parametrize(("poll", "within_s"), [({"at_most": 3}, 5), ({"every_s": 30}, 5)])
async def test_a_job_that_does_not_end_in_time_is_in_doubt(tmp_path: Path, poll: dict[str, object], within_s: float) -> None:
    with pytest.raises(errors.OutcomeUnknown):
        await create(tmp_path, "queued", within_s=within_s, **poll)


async def test_a_file_that_is_not_ready_says_when_to_come_back(tmp_path: Path) -> None:
    ready = {"until": {"status": 200}, "wait": "header.Retry-After"}
    parts: dict[str, object] = {
        "parts": {"file": {"request": {"path": "/rec/$in.call_id"}, "result": {"url": "body.url"}}},
        "operations": {"call.get": {"steps": [{"do": "file", "poll": ready}]}},
    }
    late = [Incoming(202, {"retry-after": "0.05"}, b""), json_answer({"url": "https://x.example/a"})]
    connection, wire = opened(tmp_path, {"GET /rec/c": late}, **parts)
    result = await connection.run("call.get", deadline=Deadline.after(5), call_id="c")
    assert (result.external_url, len(wire.sent)) == ("https://x.example/a", 2)
    connection, _ = opened(tmp_path, {"GET /rec/c": Incoming(202, {"retry-after": "60"}, b"")}, **parts)
    with pytest.raises(errors.VendorUnavailable) as caught:
        await connection.run("call.get", deadline=Deadline.after(5), call_id="c")
    assert (caught.value.code, caught.value.retry_after_s) == ("upstream_pending", 60)


async def test_a_write_about_something_that_is_not_there_is_refused(tmp_path: Path) -> None:
    parts: dict[str, object] = {
        "parts": {
            "look": {"request": {"path": "/look"}, "records": "body"},
            "set": {**verb("/set"), "request": {"method": "POST", "path": "/set/$saved.id"}},
        },
        "operations": {"ticket.update": {"steps": [{"do": "look", "save": {"id": "record.id"}}, {"do": "set"}]}},
    }
    connection, wire = opened(tmp_path, {"GET /look": json_answer([])}, **parts)
    with pytest.raises(errors.VendorRejected) as caught:
        await connection.run("ticket.update", deadline=Deadline.after(5), record={}, idempotency_key="k")
    assert (caught.value.code, len(wire.sent)) == ("upstream_not_found", 1)


async def test_explaining_shows_every_step(tmp_path: Path) -> None:
    connection, _ = opened(tmp_path, {"GET /numbers": json_answer({"rows": []})}, **CHAIN)
    stages = await connection.explain("customer.find", deadline=Deadline.after(5), phone=CALLER)
    steps = [stage.facts["operation"] for stage in stages if stage.name == "step"]
    assert (steps, stages[-1].name) == (["numbers", "addresses"], "error")


async def test_parts_are_not_for_others_to_ask(tmp_path: Path) -> None:
    connection, _ = opened(tmp_path, {}, **CHAIN)
    assert (connection.operations, connection.needs("numbers")) == (("customer.find",), None)
    with pytest.raises(errors.VendorMisconfigured):
        await connection.run("numbers", deadline=Deadline.after(5), phone=CALLER)
