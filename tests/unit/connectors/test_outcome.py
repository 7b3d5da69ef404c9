from datetime import UTC, datetime
from typing import get_args

import pytest
from pydantic import ValidationError

from tieline.connectors.answers.outcome import ERRORS, OutcomeTable, raise_for, wait_seconds
from tieline.connectors.contract import Outcome
from tieline.connectors.manifest.answers import OutcomeRow
from tieline.connectors.wire.messages import Answer
from tieline.domain.errors import VendorDoNotDisturb, VendorRejected

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def judge(status: int, *rows: object, body: object = None, writes: bool = False, keyed: bool = False) -> Outcome:
    table = OutcomeTable([OutcomeRow.model_validate(row) for row in rows], writes=writes, keyed=keyed)
    return table.judge(Answer(status, {}, "", body), lambda: NOW).outcome


@pytest.mark.parametrize(
    ("status", "read", "write", "keyed_write"),
    [
        (200, "ok", "ok", "ok"),
        (204, "ok", "ok", "ok"),
        (301, "config", "config", "config"),
        (400, "permanent", "permanent", "permanent"),
        (401, "auth_expired", "auth_expired", "auth_expired"),
        (402, "config", "config", "config"),
        (403, "config", "config", "config"),
        (404, "not_found", "permanent", "permanent"),
        (408, "transient", "unknown", "transient"),
        (409, "conflict", "conflict", "conflict"),
        (410, "not_found", "permanent", "permanent"),
        (412, "conflict", "conflict", "conflict"),
        (422, "permanent", "permanent", "permanent"),
        (429, "throttled", "throttled", "throttled"),
        (500, "transient", "unknown", "transient"),
        (502, "transient", "unknown", "transient"),
        (503, "transient", "transient", "transient"),
        (504, "transient", "unknown", "transient"),
        (599, "transient", "transient", "transient"),
        (101, "unknown", "unknown", "unknown"),
    ],
)
def test_the_usual_meanings(status: int, read: Outcome, write: Outcome, keyed_write: Outcome) -> None:
    assert (judge(status), judge(status, writes=True), judge(status, writes=True, keyed=True)) == (read, write, keyed_write)


def test_every_outcome_is_a_result_or_an_error() -> None:
    assert set(get_args(Outcome)) - ERRORS.keys() == {"ok", "not_found", "partial"}


def test_the_first_row_that_holds_wins_and_comes_before_the_usual_meaning() -> None:
    rows = [
        {"when": {"status": "2xx", "body.code": "404"}, "is": "not_found"},
        {"when": {"status": "2xx", "body.code": {"not": "0"}}, "is": "permanent"},
    ]
    judged = [judge(200, *rows, body={"code": code}) for code in (0, 404, "404", 17, None)]
    assert judged == ["ok", "not_found", "not_found", "permanent", "permanent"]


def test_the_verdict_names_its_row_and_the_message() -> None:
    row = OutcomeRow.model_validate({"when": {"status": 422}, "is": "permanent", "message": "body.msg"})
    verdict = OutcomeTable([row], writes=False, keyed=False).judge(Answer(422, {}, "", {"msg": "no"}), lambda: NOW)
    assert (verdict.row, verdict.message) == (1, "no")


@pytest.mark.parametrize(
    ("written", "unit", "seconds"),
    [
        ("7", "s", 7.0),
        ("1.5", "s", 1.5),
        (250, "ms", 0.25),
        (NOW.timestamp() + 60, "epoch_s", 60.0),
        ("Thu, 01 Jan 2026 00:02:00 GMT", "s", 120.0),
        ("Thu, 01 Jan 2015 00:02:00 GMT", "s", 0.0),
        ("315360000", "s", 3600.0),
        ("Wed, 01 Jan 2036 00:00:00 GMT", "s", 3600.0),
        ("inf", "s", 3600.0),
        ("soon", "s", None),
        ("", "s", None),
        (None, "s", None),
        ("nan", "s", None),
        ("-5", "s", None),
        ({"a": 1}, "s", None),
    ],
)
def test_wishes_to_wait(written: object, unit: str, seconds: float | None) -> None:
    assert wait_seconds(written, unit=unit, now=NOW) == seconds


# Every code of the tables in the vendor notes that has its own meaning: exactly one class each.
HOLLYCRM = [
    {"when": {"body": "200"}, "is": "ok"},
    {"when": {"body": "309"}, "is": "auth_expired"},
    {"when": {"body": ["301", "303", "404", "407", "408", "409", "410"]}, "is": "permanent"},
    {"when": {"body": ["401", "402", "403", "405", "603"]}, "is": "config"},
    {"when": {"status": 200}, "is": "unknown"},
]
DINGTALK = [
    {"when": {"body.code": {"starts": ["Forbidden.AccessDenied.QpsLimitFor", "qps.exceed.limit"]}}, "is": "throttled"},
    {"when": {"body.code": {"starts": ["InvalidAuthentication", "accesstoken.expired"]}}, "is": "auth_expired"},
    {
        "when": {"any": [{"body.errcode": 88, "body.sub_code": "40014"}, {"body.errcode": [40001, 40014, 42001]}]},
        "is": "auth_expired",
    },
    {"when": {"body.errcode": -1}, "is": "transient"},
    {"when": {"body.status": 1111, "body.punish": "deny"}, "is": "throttled", "wait": "body.wait"},
    {"when": {"body.code": {"starts": "Forbidden."}}, "is": "config"},
    {"when": {"status": 200, "body.errcode": {"not": [0, None]}, "body": {"type": "object"}}, "is": "permanent"},
]
SALESFORCE = [
    {"when": {"body[0].errorCode": "UNABLE_TO_LOCK_ROW"}, "is": "transient"},
    {"when": {"body[0].errorCode": "DUPLICATES_DETECTED"}, "is": "duplicate"},
    {"when": {"body[0].errorCode": "REQUEST_LIMIT_EXCEEDED"}, "is": "throttled", "wait": {"seconds": 600}},
    {"when": {"status": 300}, "is": "ambiguous"},
]


@pytest.mark.parametrize(
    ("rows", "status", "body", "outcome"),
    [
        *((HOLLYCRM, 200, code, "permanent") for code in ("301", "303", "404", "407", "408", "409", "410")),
        *((HOLLYCRM, 200, code, "config") for code in ("401", "402", "403", "405", "603")),
        (HOLLYCRM, 200, 200, "ok"),
        (HOLLYCRM, 200, "200", "ok"),
        (HOLLYCRM, 200, "309", "auth_expired"),
        (HOLLYCRM, 200, None, "unknown"),
        (HOLLYCRM, 503, "gateway", "transient"),
        (DINGTALK, 200, {"errcode": 0}, "ok"),
        (DINGTALK, 200, {"errcode": 88, "sub_code": "40014"}, "auth_expired"),
        (DINGTALK, 200, {"errcode": 88, "sub_code": "50002"}, "permanent"),
        (DINGTALK, 200, {"errcode": 42001}, "auth_expired"),
        (DINGTALK, 200, {"errcode": -1}, "transient"),
        (DINGTALK, 200, {"status": 1111, "wait": 5, "punish": "deny"}, "throttled"),
        (DINGTALK, 400, {"code": "accesstoken.expired"}, "auth_expired"),
        (DINGTALK, 403, {"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"}, "throttled"),
        (DINGTALK, 403, {"code": "Forbidden.AccessDenied.IpNotInWhiteList"}, "config"),
        (SALESFORCE, 400, [{"errorCode": "UNABLE_TO_LOCK_ROW"}], "transient"),
        (SALESFORCE, 400, [{"errorCode": "DUPLICATES_DETECTED"}], "duplicate"),
        (SALESFORCE, 400, [{"errorCode": "MALFORMED_QUERY"}], "permanent"),
        (SALESFORCE, 401, [{"errorCode": "INVALID_SESSION_ID"}], "auth_expired"),
        (SALESFORCE, 403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED"}], "throttled"),
        (SALESFORCE, 300, [], "ambiguous"),
        (SALESFORCE, 412, [], "conflict"),
    ],
)
def test_each_code_of_a_vendor_has_exactly_one_meaning(rows: list[object], status: int, body: object, outcome: Outcome) -> None:
    assert judge(status, *rows, body=body) == outcome


def test_a_vendor_without_a_hint_is_left_alone_for_a_fixed_time() -> None:
    table = OutcomeTable([OutcomeRow.model_validate(row) for row in SALESFORCE], writes=False, keyed=False)
    verdict = table.judge(Answer(403, {}, "", [{"errorCode": "REQUEST_LIMIT_EXCEEDED"}]), lambda: NOW)
    assert (verdict.outcome, verdict.wait_s) == ("throttled", 600)


@pytest.mark.parametrize(("code", "error"), [("410", VendorDoNotDisturb), ("409", VendorRejected)])
def test_a_customer_who_is_not_to_be_called_is_told_apart_from_other_refusals(code: str, error: type[Exception]) -> None:
    rows = [
        {"when": {"body": "410"}, "is": "permanent", "because": "do_not_disturb"},
        {"when": {"status": "2xx"}, "is": "permanent"},
    ]
    answer = Answer(200, {}, "text/plain", code)
    verdict = OutcomeTable([OutcomeRow.model_validate(row) for row in rows], writes=True, keyed=False).judge(answer, lambda: NOW)
    with pytest.raises(VendorRejected) as caught:
        raise_for(verdict, answer)
    assert type(caught.value) is error


def test_only_a_refusal_for_good_has_a_reason() -> None:
    with pytest.raises(ValidationError, match="is: permanent"):
        OutcomeRow.model_validate({"when": {"body": "410"}, "is": "transient", "because": "do_not_disturb"})
