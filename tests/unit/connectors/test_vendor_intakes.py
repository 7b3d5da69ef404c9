"""Every vendor's way of telling us something, as its connector would declare it: vectors accepted, every other byte refused."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_jsonable_python

from tieline.connectors.inbound.intake import Intake
from tieline.connectors.inbound.request import InboundRequest
from tieline.connectors.manifest.inbound import CallIntake, EventIntake
from tieline.domain.call import CallEvent
from tieline.domain.event import Event
from tieline.kit.yaml_lines import load_with_lines

Tree = dict[str, Any]
VENDORS: Any = load_with_lines(Path(__file__).parent / "vendor_intakes.yaml").tree
BY_NAME = {vendor["vendor"]: vendor for vendor in VENDORS}
REQUESTS = [
    pytest.param(vendor, request, id=f"{vendor['vendor']}: {number}")
    for vendor in VENDORS
    for number, request in enumerate(vendor["requests"], start=1)
]


def compiled(vendor: Tree) -> Intake:
    base = BY_NAME[vendor["intake_of"]]["intake"] if "intake_of" in vendor else {}
    told = {**base, **vendor.get("intake", {})}
    declared = CallIntake.model_validate(told) if vendor["kind"] == "call" else EventIntake.model_validate(told)
    random = vendor.get("entropy", "0123456789abcdef").encode()
    return Intake(declared, vendor["config"], lambda count: random[:count])


def arrived(request: Tree, **changes: object) -> InboundRequest:
    told = {**request, **changes}
    query = str(told.get("query", told.get("url", "").partition("?")[2]))
    return InboundRequest(
        method=told.get("method", "POST"),
        headers=told.get("headers", {}),
        query=query,
        content_type=told.get("content_type", "application/json"),
        body=told["body"] if isinstance(told.get("body"), bytes) else told.get("body", "").encode(),
        path_tail=told.get("path_tail", ""),
        url=told.get("url") or f"https://tieline.example.test/v1/webhooks/x?{query}",
    )


def now(vendor: Tree, request: Tree) -> datetime:
    return datetime.fromisoformat(str(request.get("at") or vendor["at"]))


@pytest.mark.parametrize(("vendor", "request_"), REQUESTS)
def test_a_vendors_request_is_taken_as_declared(vendor: Tree, request_: Tree) -> None:
    intake = compiled(vendor)
    admission = intake.admit(arrived(request_), now=now(vendor, request_))
    assert admission.refused == request_.get("refused")
    assert admission.challenge == request_.get("challenge", False)
    assert shown(admission.reply, request_.get("reply", {})) == request_.get("reply", {})
    for name in ("dedupe_key",):
        if name in request_:
            assert getattr(admission, name) == request_[name]
    if admission.kept is None:
        return
    assert admission.kept.query == request_.get("kept_query", admission.kept.query)
    reading = intake.read(admission.kept)
    if "events" in request_:
        assert [without_key(event) for event in reading.events] == request_["events"]
    if "skipped" in request_:
        assert reading.skipped == request_["skipped"]
    assert len(reading.faults) == request_.get("faults", 0 if request_.get("events", True) else len(reading.faults))
    for event in reading.events:
        (Event if vendor["kind"] == "event" else CallEvent).model_validate({**event, **at(event, vendor)})


def shown(reply: Any, wanted: Mapping[str, Any]) -> Tree:  # noqa: ANN401 - any reply
    told = {
        "status": reply.status,
        "content_type": reply.content_type,
        "body": reply.body.decode(),
        "headers": dict(reply.headers),
    }
    return {name: told[name] for name in wanted}


def without_key(event: Mapping[str, Any]) -> Tree:
    plain: Tree = to_jsonable_python(event)
    plain.pop("dedupe_key", None)
    return plain


def at(event: Mapping[str, Any], vendor: Tree) -> Tree:
    return {"at": event["at"] or now(vendor, {})} if "at" in event else {}


def covered() -> Iterator[Any]:
    for vendor in VENDORS:
        for number, request in enumerate(vendor["requests"], start=1):
            if vendor.get("covers_body") and request.get("body") and not request.get("refused"):
                yield pytest.param(vendor, request, id=f"{vendor['vendor']}: {number}")


@pytest.mark.parametrize(("vendor", "request_"), list(covered()))
def test_a_byte_more_less_or_other_in_the_body_is_refused(vendor: Tree, request_: Tree) -> None:
    intake, body = compiled(vendor), request_["body"].encode()
    for changed in (body[:-1], body + b"&x=1", body.replace(b"1", b"2", 1), b"", b" " + body + b" x"):
        if changed == body:
            continue
        refused = intake.admit(arrived(request_, body=changed), now=now(vendor, request_)).refused
        assert refused in {"signature_invalid", "signature_missing", "body_malformed"}


def signed() -> Iterator[Any]:
    for vendor in VENDORS:
        for number, request in enumerate(vendor["requests"], start=1):
            if vendor.get("covers_body") and not request.get("refused") and "signature" in str(request.get("headers", "")):
                yield pytest.param(vendor, request, id=f"{vendor['vendor']}: {number}")


@pytest.mark.parametrize(("vendor", "request_"), list(signed()))
def test_any_other_signature_is_refused_whatever_it_is_made_of(vendor: Tree, request_: Tree) -> None:
    intake = compiled(vendor)
    name = next(name for name in request_["headers"] if name.endswith(("signature", "signature-v3")))
    right = request_["headers"][name]
    for wrong in (
        "",
        "x",
        right[:-2],
        right.swapcase(),
        right.encode().hex(),
        "A" * 10_240,
        "中文",
        "\udcff",
        right + "=",
        ",".join(["y"] * 50),
    ):
        headers = {**request_["headers"], name: wrong}
        admission = intake.admit(arrived(request_, headers=headers), now=now(vendor, request_))
        assert admission.refused in {"signature_invalid", "signature_missing"}
        assert (admission.reply.status, admission.reply.body, admission.kept) == (401, b"", None)
    gone = {key: value for key, value in request_["headers"].items() if key != name}
    assert intake.admit(arrived(request_, headers=gone), now=now(vendor, request_)).refused == "signature_missing"
