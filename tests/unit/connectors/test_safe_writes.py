"""What makes a write safe: its tier, how a doubtful one is read back, and that a yes is not believed where it proves nothing."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.unit.connectors.wires import Answering, FakeWire, connect, json_answer

from tieline.connectors.connection import VendorConnection
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain import errors
from tieline.kit.deadline import Deadline

BACK = {
    "operation": "ticket.find",
    "with": {"external_id": "$in.external_id"},
    "holds": {"record.ext": "$in.external_id"},
    "id": "record.id",
    "wait_s": 30,
}
FIND = {"request": {"path": "/find", "query": {"ext": "$in.external_id"}}, "records": "body.items"}
CREATE = {"method": "POST", "path": "/t", "json": {"title": "$record.title", "ext": "$in.external_id?"}}


def creating(idempotency: Mapping[str, object], **more: object) -> dict[str, object]:
    return {
        "ticket.create": {"request": CREATE, "idempotency": idempotency, "result": {"id": "body.id"}, **more},
        "ticket.find": FIND,
    }


def opened(folder: Path, answering: Answering, operations: Mapping[str, object]) -> tuple[VendorConnection, FakeWire]:
    return connect(folder, answering, operations=operations)


@pytest.mark.parametrize(
    ("idempotency", "tier", "lag_s"),
    [
        ({"header": "Idempotency-Key"}, "T1", 0),
        ({"field": "key"}, "T1", 0),
        ({"client_id": "external_id"}, "T1", 0),
        ({"repeatable": "it sets given values"}, "T1", 0),
        ({"read_back": BACK}, "T2", 30),
        ({"none": "nothing is offered here"}, "T3", 0),
    ],
)
def test_the_tier_follows_from_what_is_declared(tmp_path: Path, idempotency: Mapping[str, object], tier: str, lag_s: int) -> None:
    connection, _ = opened(tmp_path, lambda _: json_answer({}), creating(idempotency))
    assert (connection.tier("ticket.create"), connection.read_back_after_s("ticket.create")) == (tier, lag_s)
    assert (connection.tier("ticket.find"), connection.tier("order.list")) == (None, None)


@pytest.mark.parametrize(
    ("idempotency", "status", "error"),
    [
        ({"client_id": "external_id"}, 502, errors.VendorUnavailable),
        ({"repeatable": "it sets given values"}, 504, errors.VendorUnavailable),
        ({"read_back": BACK}, 502, errors.OutcomeUnknown),
        ({"none": "nothing is offered here"}, 500, errors.OutcomeUnknown),
        ({"none": "nothing is offered here"}, 503, errors.VendorUnavailable),
    ],
)
async def test_a_broken_end_is_told_by_what_a_repetition_would_do(
    tmp_path: Path, idempotency: Mapping[str, object], status: int, error: type[Exception]
) -> None:
    connection, _ = opened(tmp_path, lambda _: Incoming(status, {}, b""), creating(idempotency))
    with pytest.raises(error):
        await connection.run("ticket.create", deadline=Deadline.after(5), record={"title": "x"}, external_id="e-1")


async def look(folder: Path, answer: Incoming) -> tuple[str, str | None]:
    connection, wire = opened(folder, lambda _: answer, creating({"read_back": BACK}))
    result = await connection.read_back("ticket.create", deadline=Deadline.after(5), record={"title": "x"}, external_id="e-1")
    assert [outgoing.url for outgoing in wire.sent] == ["https://x.example/find?ext=e-1"]
    return result.outcome, result.external_id


async def test_a_write_that_happened_is_found_by_our_mark(tmp_path: Path) -> None:
    assert await look(tmp_path, json_answer({"items": [{"id": 7, "ext": "e-1"}]})) == ("ok", "7")


@pytest.mark.parametrize("items", [[], None, [{"id": 8, "ext": "e-2"}, {"id": 9}]])
async def test_a_vendor_that_ignores_the_filter_has_found_nothing(tmp_path: Path, items: object) -> None:
    assert await look(tmp_path, json_answer({"items": items})) == ("not_found", None)


async def test_a_write_that_happened_twice_is_for_a_person(tmp_path: Path) -> None:
    with pytest.raises(errors.VendorAmbiguous):
        await look(tmp_path, json_answer({"items": [{"id": 7, "ext": "e-1"}, {"id": 8, "ext": "e-1"}]}))


async def test_records_without_the_place_looked_at_prove_no_absence(tmp_path: Path) -> None:
    """A misspelt path, or a field the search does not bring: read as "it did not happen", it would make a second one."""
    with pytest.raises(errors.OutcomeUnknown):
        await look(tmp_path, json_answer({"items": [{"id": 7, "external": "e-1"}]}))
    assert await look(tmp_path, json_answer({"items": [{"id": 8, "ext": None}]})) == ("not_found", None)


async def test_a_list_that_was_cut_off_proves_no_absence(tmp_path: Path) -> None:
    operations = creating({"read_back": BACK}) | {"ticket.find": {**FIND, "cap": 2}}
    connection, _ = opened(tmp_path, lambda _: json_answer({"items": [{"ext": "a"}, {"ext": "b"}]}), operations)
    with pytest.raises(errors.OutcomeUnknown):
        await connection.read_back("ticket.create", deadline=Deadline.after(5), external_id="e-1")


async def test_what_cannot_be_asked_proves_no_absence(tmp_path: Path) -> None:
    number = {"request": {"path": "/find", "query": {"n": {"$int": "$in.external_id"}}}, "records": "body.items"}
    connection, wire = opened(tmp_path, lambda _: json_answer({}), creating({"read_back": BACK}) | {"ticket.find": number})
    with pytest.raises(errors.OutcomeUnknown):
        await connection.read_back("ticket.create", deadline=Deadline.after(5), external_id="not a number")
    assert wire.sent == []


async def test_our_mark_may_stand_inside_a_text(tmp_path: Path) -> None:
    back = {**BACK, "holds": {"record.body": {"contains": "[${in.external_id}]"}}}
    connection, _ = opened(
        tmp_path,
        lambda _: json_answer({"items": [{"id": 7, "body": "x [e-12]"}, {"id": 8, "body": "y [e-1]"}]}),
        creating({"read_back": back}),
    )
    result = await connection.read_back("ticket.create", deadline=Deadline.after(5), external_id="e-1")
    assert result.external_id == "8"


async def test_what_cannot_be_read_back_says_so(tmp_path: Path) -> None:
    connection, _ = opened(tmp_path, lambda _: json_answer({}), creating({"header": "X-Key"}))
    with pytest.raises(errors.VendorMisconfigured):
        await connection.read_back("ticket.create", deadline=Deadline.after(5), external_id="e-1")


CONFIRM = {
    "operation": "ticket.get",
    "with": {"ticket_id": "$result.id"},
    "holds": {"record.title": "$record.title", "record.note": "$record.note"},
}
GET = {"request": {"path": "/t/$in.ticket_id"}, "records": "body.ticket"}


async def confirmed(folder: Path, *read: Incoming) -> tuple[str, list[str]]:
    answers = iter([json_answer({"id": 7}), *read])

    def turn(_: Outgoing) -> Incoming:
        return next(answers)

    operations = creating({"header": "X-Key"}, confirm=CONFIRM) | {"ticket.get": GET}
    connection, wire = opened(folder, turn, operations)
    result = await connection.run(
        "ticket.create", deadline=Deadline.after(5), record={"title": "x", "note": None}, idempotency_key="k"
    )
    return result.outcome, [f"{outgoing.method} {outgoing.url}" for outgoing in wire.sent]


async def test_a_yes_is_held_against_what_is_there(tmp_path: Path) -> None:
    outcome, sent = await confirmed(tmp_path, json_answer({"ticket": {"id": 7, "title": "x"}}))
    assert (outcome, sent) == ("ok", ["POST https://x.example/t", "GET https://x.example/t/7"])


@pytest.mark.parametrize("ticket", [None, {"id": 7, "title": "old"}, {"id": 7, "title": "x", "note": "kept"}])
async def test_a_yes_that_did_nothing_is_a_refusal(tmp_path: Path, ticket: object) -> None:
    with pytest.raises(errors.VendorRejected) as caught:
        await confirmed(tmp_path, json_answer({"ticket": ticket}))
    assert caught.value.code == "upstream_unconfirmed"


async def test_a_yes_that_cannot_be_read_back_is_doubtful(tmp_path: Path) -> None:
    with pytest.raises(errors.OutcomeUnknown):
        await confirmed(tmp_path, Incoming(500, {}, b""))


async def test_explaining_shows_the_confirmation_too(tmp_path: Path) -> None:
    answers = iter([json_answer({"id": 7}), json_answer({"ticket": {"title": "old"}})])
    operations = creating({"header": "X-Key"}, confirm=CONFIRM) | {"ticket.get": GET}
    connection, _ = opened(tmp_path, lambda _: next(answers), operations)
    stages = await connection.explain("ticket.create", deadline=Deadline.after(5), record={"title": "x"}, idempotency_key="k")
    assert [stage.name for stage in stages].count("request") == 2
    assert (stages[-1].name, stages[-1].facts["code"]) == ("error", "upstream_unconfirmed")
