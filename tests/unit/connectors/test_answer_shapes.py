"""What answers may look like: rows without names, tables of text, JSON inside text, verdicts for each item, ids in odd places."""

from pathlib import Path

import pytest
from tests.unit.connectors.wires import connect, json_answer

from tieline.connectors.contract import ItemResult, Result
from tieline.connectors.wire.messages import Incoming
from tieline.domain import errors
from tieline.kit.deadline import Deadline

NONE = {"none": "nothing is offered here"}


async def read(folder: Path, answer: Incoming, **operation: object) -> Result:
    operations = {"order.list": {"request": {"path": "/o"}, **operation}}
    connection, _ = connect(folder, lambda _: answer, operations=operations)
    return await connection.run("order.list", deadline=Deadline.after(5))


async def write(folder: Path, came: Incoming, **operation: object) -> Result:
    request = {"method": "POST", "path": "/t", "json": "$record"}
    operations = {"ticket.create": {"request": request, "idempotency": NONE, **operation}}
    connection, _ = connect(folder, lambda _: came, operations=operations)
    return await connection.run("ticket.create", deadline=Deadline.after(5), record={"a": 1})


@pytest.mark.parametrize(
    ("columns", "body"),
    [
        ({"names": ["id", "name"]}, [[1, "Li"], [2, "Wu"]]),
        ({}, [["id", "name"], [1, "Li"], [2, "Wu"]]),
        ({"from": "body.fields"}, {"fields": ["id", "name"], "rows": [[1, "Li"], [2, "Wu"]]}),
    ],
)
async def test_rows_are_named_by_their_columns(tmp_path: Path, columns: object, body: object) -> None:
    place = "body.rows" if isinstance(body, dict) else "body"
    result = await read(tmp_path, json_answer(body), records=place, columns=columns)
    assert result.records == ({"id": 1, "name": "Li"}, {"id": 2, "name": "Wu"})


async def test_a_table_of_text_is_cut_at_its_separator(tmp_path: Path) -> None:
    table = Incoming(200, {"content-type": "text/plain"}, b"uuid | dest\n\nc-1 | 8001\nc-2|8002\n")
    result = await read(tmp_path, table, columns={"separator": "|"})
    assert result.records == ({"uuid": "c-1", "dest": "8001"}, {"uuid": "c-2", "dest": "8002"})


@pytest.mark.parametrize("body", [{"a": 1}, [1], "text", [["id"], "x"]])
async def test_what_is_no_table_is_told_so(tmp_path: Path, body: object) -> None:
    with pytest.raises(errors.VendorBadAnswer):
        await read(tmp_path, json_answer({"rows": body}), records="body.rows", columns={"names": ["id"]})


async def test_nothing_where_the_rows_would_be_is_nobody(tmp_path: Path) -> None:
    assert (await read(tmp_path, json_answer([]), columns={"names": ["id"]})).records == ()


async def test_json_inside_a_text_is_read_before_anything_is_judged(tmp_path: Path) -> None:
    answer = json_answer({"Result": '{"rows":[{"id":1}],"inner":"[7]"}', "note": "no json"})
    nested = ["body.Result", "body.Result.inner", "body.note", "body.gone.x"]
    rows = [
        {"when": {"body.Result.inner[0]": 7, "body.note": "no json"}, "is": "ok"},
        {"when": {"status": 200}, "is": "permanent"},
    ]
    result = await read(tmp_path, answer, records="body.Result.rows", nested_json=nested, outcomes=rows)
    assert result.records == ({"id": 1},)


@pytest.mark.parametrize(
    ("place", "headers", "body", "found"),
    [
        ("body.id", {}, {"id": 7}, "7"),
        ("body[0]", {}, [101], "101"),
        ("body[-1].id", {}, [{"id": "a"}, {"id": "b"}], "b"),
        ({"from": "header.Location", "take": [{"after_last": "/"}]}, {"location": "https://x/api/tickets/42"}, None, "42"),
        (
            {"from": "header.OData-EntityId", "take": [{"after": "incidents("}, {"before": ")"}]},
            {"odata-entityid": "https://x/api/incidents(0-1)"},
            None,
            "0-1",
        ),
        ({"from": "body", "take": [{"after": "+OK "}]}, {"content-type": "text/plain"}, "+OK c2d-1", "c2d-1"),
    ],
)
async def test_the_id_of_what_was_made_is_found_where_it_is(
    tmp_path: Path, place: object, headers: dict[str, str], body: object, found: str
) -> None:
    answer = Incoming(201, headers, body.encode()) if isinstance(body, str) else json_answer(body, 201, headers)
    answer = Incoming(201, headers, b"") if body is None else answer
    assert (await write(tmp_path, answer, result={"id": place})).external_id == found


async def test_success_without_the_id_in_its_place_is_not_believed(tmp_path: Path) -> None:
    with pytest.raises(errors.OutcomeUnknown):
        await write(tmp_path, json_answer({}), result={"id": {"from": "header.Location", "take": [{"after_last": "/"}]}})


ITEMS = {
    "at": "body.data",
    "ok": {"item.status": "success"},
    "id": "item.details.id",
    "outcomes": [
        {"when": {"item.code": "DUPLICATE_DATA"}, "is": "duplicate"},
        {"when": {"item.code": "WAIT"}, "is": "transient"},
    ],
}
YES, NO = {"status": "success", "details": {"id": 5}}, {"status": "error", "code": "INVALID_DATA"}
TWICE, LATER = {"status": "error", "code": "DUPLICATE_DATA"}, {"status": "error", "code": "WAIT"}


async def test_all_items_accepted_is_ok(tmp_path: Path) -> None:
    result = await write(tmp_path, json_answer({"data": [YES]}, 201), items=ITEMS)
    assert (result.outcome, result.external_id, result.items) == ("ok", "5", (ItemResult(0, "ok", "5"),))


async def test_some_items_refused_is_partial_and_tells_which(tmp_path: Path) -> None:
    result = await write(tmp_path, json_answer({"data": [NO, YES, TWICE, LATER]}, 207), items=ITEMS)
    assert (result.outcome, [(item.position, item.outcome) for item in result.items]) == (
        "partial",
        [(0, "permanent"), (1, "ok"), (2, "duplicate"), (3, "transient")],
    )


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ([NO], errors.VendorRejected),
        ([TWICE], errors.VendorDuplicate),
        ([LATER, NO], errors.VendorUnavailable),
        ([], errors.OutcomeUnknown),
        (None, errors.OutcomeUnknown),
    ],
)
async def test_no_item_accepted_is_no_success(tmp_path: Path, data: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await write(tmp_path, json_answer({"data": data}), items=ITEMS)


async def test_a_batch_of_sub_requests_is_judged_by_their_statuses(tmp_path: Path) -> None:
    items = {
        "at": "body.compositeResponse",
        "ok": {
            "item.httpStatusCode": {
                "at_least": 200,
            }
        },
        "id": "item.body.id",
    }
    items["ok"] = {"all": [{"item.httpStatusCode": {"at_least": 200}}, {"item.httpStatusCode": {"below": 300}}]}
    parts = [{"httpStatusCode": 201, "body": {"id": "500"}}, {"httpStatusCode": 400, "body": [{}]}]
    result = await write(tmp_path, json_answer({"compositeResponse": parts}), items=items)
    assert (result.outcome, result.external_id) == ("partial", "500")


@pytest.mark.parametrize(("count", "truncated"), [(99, False), (100, True)])
async def test_an_answer_as_long_as_the_vendors_cap_is_not_taken_for_all(
    tmp_path: Path,
    count: int,
    truncated: bool,  # noqa: FBT001 - a table's column
) -> None:
    result = await read(tmp_path, json_answer([{"id": n} for n in range(count)]), cap=100)
    assert (len(result.records), result.truncated) == (count, truncated)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("-ERR USER_BUSY", errors.VendorUnavailable),
        ("-USAGE: x", errors.VendorRejected),
        ("-ERR no reply", errors.VendorRejected),
    ],
)
async def test_answers_of_plain_text_are_judged_by_how_they_begin(tmp_path: Path, text: str, error: type[Exception]) -> None:
    rows = [
        {"when": {"body": {"starts": "-ERR USER_BUSY"}}, "is": "transient"},
        {"when": {"body": {"starts": ["-ERR", "-USAGE"]}}, "is": "permanent"},
    ]
    with pytest.raises(error):
        await write(tmp_path, Incoming(200, {}, text.encode()), answer="text", outcomes=rows)


async def test_a_bare_token_is_a_whole_answer(tmp_path: Path) -> None:
    rows = [
        {"when": {"body": "200"}, "is": "ok"},
        {"when": {"body": 410}, "is": "permanent"},
        {"when": {"status": 200}, "is": "transient"},
    ]
    assert (await write(tmp_path, Incoming(200, {"content-type": "text/html"}, b"200"), outcomes=rows)).outcome == "ok"
    assert (await write(tmp_path, Incoming(200, {"content-type": "application/json"}, b"200"), outcomes=rows)).outcome == "ok"
    with pytest.raises(errors.VendorRejected):
        await write(tmp_path, Incoming(200, {}, b"410"), outcomes=rows)
