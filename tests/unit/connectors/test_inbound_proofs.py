"""What proves a sender: each kind of proof by itself, several together, old secrets beside new ones, hostile ones."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tieline.connectors.inbound.intake import Intake
from tieline.connectors.inbound.request import InboundRequest, Refusal
from tieline.connectors.manifest.inbound import EventIntake
from tieline.domain.errors import VendorMisconfigured

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
ROW = {"emit": "ticket.changed", "id": {"const": "1"}, "refetch": True}
BODY = b'{"a":1}'
CONFIG: dict[str, Any] = {"secret": "s3cr3t", "old": None, "ips": "203.0.113.0/24, 2001:db8::7", "token": "t0ken"}


def intake(verify: object, **config: object) -> Intake:
    declared = EventIntake.model_validate({"accept": ["json"], "verify": verify, "events": [ROW]})
    return Intake(declared, {**CONFIG, **config}, token_bytes)


def asked(verify: object, *, config: Mapping[str, object] | None = None, **request: Any) -> Refusal | None:  # noqa: ANN401 - any part
    told = {"method": "POST", "headers": {}, "query": "", "content_type": "application/json", "body": BODY, **request}
    return intake(verify, **(config or {})).admit(InboundRequest(**told), now=NOW).refused


def signed(text: bytes, by: str = "s3cr3t") -> str:
    return hmac.new(by.encode(), text, hashlib.sha256).hexdigest()


HMAC = {
    "kind": "signature",
    "given": "header.X-Sig",
    "prefix": "sha256=",
    "separator": ",",
    "expected": [
        {"hmac": "sha256", "key": "$config.secret", "of": "$request.body"},
        {"hmac": "sha256", "key": "$config.old?", "of": "$request.body"},
    ],
}


def test_a_signature_of_the_raw_body() -> None:
    assert asked(HMAC, headers={"x-sig": f"sha256={signed(BODY)}"}) is None
    assert asked(HMAC, headers={"x-sig": f"sha256={signed(BODY)}"}, body=b'{"a": 1}') == "signature_invalid"
    assert asked(HMAC, headers={"x-sig": signed(BODY)}) == "signature_invalid"
    assert asked(HMAC, headers={"x-sig": f"sha256={signed(BODY).upper()}"}) == "signature_invalid"
    assert asked(HMAC) == "signature_missing"


def test_a_secret_that_is_being_replaced_is_valid_beside_the_new_one() -> None:
    old = {"x-sig": f"sha256={signed(BODY, 'older')}"}
    assert asked(HMAC, headers=old, config={"old": "older"}) is None
    assert asked(HMAC, headers={"x-sig": f"sha256={signed(BODY)}"}, config={"old": "older"}) is None
    assert asked(HMAC, headers=old) == "signature_invalid"


def test_an_empty_old_secret_is_no_key_that_anybody_could_sign_with() -> None:
    for empty in (None, "", " "):
        forged = {"x-sig": f"sha256={signed(BODY, '')}, sha256={signed(BODY, ' ')}"}
        assert asked(HMAC, headers=forged, config={"old": empty}) == "signature_invalid"
    with pytest.raises(VendorMisconfigured) as caught:
        intake(HMAC, secret=" ")
    assert caught.value.code == "secret_missing"


def test_of_fifty_signatures_the_first_ten_count() -> None:
    right = f"sha256={signed(BODY)}"
    assert asked(HMAC, headers={"x-sig": ",".join(["sha256=x"] * 9 + [right] + ["sha256=x"] * 40)}) is None
    assert asked(HMAC, headers={"x-sig": ",".join(["sha256=x"] * 10 + [right] + ["sha256=x"] * 39)}) == "signature_invalid"
    assert asked(HMAC, headers={"x-sig": ",".join(["sha256=x"] * 10 + [right])}) == "signature_invalid"


def test_a_basic_proof_and_a_word_anywhere() -> None:
    basic = {"kind": "basic", "username": "vendor", "password": "$config.secret"}
    right = base64.b64encode(b"vendor:s3cr3t").decode()
    assert asked(basic, headers={"authorization": f"Basic {right}"}) is None
    assert asked(basic, headers={"authorization": f"Bearer {right}"}) == "signature_missing"
    for place, request in (
        ("body.token", {"body": b'{"token": "s3cr3t"}'}),
        ("query.token", {"query": "x=1&token=s3cr3t"}),
        ("header.X-Token", {"headers": {"x-token": "s3cr3t"}}),
    ):
        word = {"kind": "static", "at": place, "value": "$config.secret"}
        assert asked(word, **request) is None
        assert asked(word) == "signature_missing"
    assert (
        asked({"kind": "static", "at": "body.token", "value": "$config.secret"}, body=b'{"token": ["s3cr3t"]}')
        == "signature_missing"
    )
    assert asked({"kind": "static", "at": "body.token", "value": "$config.secret"}, body=b"{oops") == "body_malformed"


@pytest.mark.parametrize(
    ("peer", "refused"),
    [
        ("203.0.113.9", None),
        ("2001:db8::7", None),
        ("203.0.114.9", "signature_invalid"),
        ("2001:db8::8", "signature_invalid"),
        ("", "signature_missing"),
        ("unix socket", "signature_missing"),
    ],
)
def test_an_address_of_a_list(peer: str, refused: str | None) -> None:
    assert asked({"kind": "ip", "allow": "$config.ips"}, peer=peer) == refused


def test_an_empty_list_of_addresses_lets_everybody_through_and_a_wrong_one_is_told() -> None:
    assert asked({"kind": "ip", "allow": "$config.ips"}, config={"ips": None}, peer="198.51.100.1") is None
    with pytest.raises(VendorMisconfigured):
        intake({"kind": "ip", "allow": "$config.ips"}, ips="everywhere")


FRESH = {"kind": "timestamp", "at": {"from": "header.X-Time", "format": "epoch_s"}}


@pytest.mark.parametrize(
    ("seconds", "refused"), [(0, None), (300, None), (-300, None), (301, "timestamp_stale"), (-301, "timestamp_stale")]
)
def test_a_moment_is_now_in_both_directions(seconds: int, refused: str | None) -> None:
    assert asked(FRESH, headers={"x-time": str(int((NOW + timedelta(seconds=seconds)).timestamp()))}) == refused


@pytest.mark.parametrize(
    "written", ["", "soon", "-1", "9" * 400, "nan", "inf", str(int(NOW.timestamp() * 1000)), "0", "1e3", "٣"]
)
def test_what_is_no_moment_is_told_apart_from_an_old_one(written: str) -> None:
    assert asked(FRESH, headers={"x-time": written}) == "timestamp_invalid"
    assert asked(FRESH) == "timestamp_invalid"


PATH = {"kind": "path_secret", "value": "$config.secret"}
TOKEN = {"kind": "static_header", "header": "X-Token", "value": "$config.token"}


def test_all_of_a_list_must_hold_and_one_of_any() -> None:
    assert asked([PATH, TOKEN], path_tail="s3cr3t", headers={"x-token": "t0ken"}) is None
    assert asked([PATH, TOKEN], path_tail="s3cr3t") == "signature_missing"
    assert asked({"any": [PATH, TOKEN]}, path_tail="s3cr3t") is None
    assert asked({"any": [PATH, TOKEN]}, headers={"x-token": "t0ken"}) is None
    assert asked({"any": [PATH, TOKEN]}, headers={"x-token": "guess"}) == "signature_invalid"
    assert asked({"any": [PATH, TOKEN]}) == "signature_missing"
    both = {"any": [{"all": [PATH, TOKEN]}, {"kind": "basic", "username": "u", "password": "$config.secret"}]}
    assert asked(both, path_tail="s3cr3t") == "signature_missing"


def test_an_alternative_without_its_secret_is_left_out_and_never_the_last() -> None:
    either = {"any": [PATH, {"kind": "static_header", "header": "X-Token", "value": "$config.old"}]}
    assert asked(either, path_tail="s3cr3t") is None
    assert asked(either, headers={"x-token": ""}) == "signature_missing"
    with pytest.raises(VendorMisconfigured):
        intake(either, secret="")


STANDARD = {"kind": "standard_webhooks", "secrets": ["$config.whsec", "$config.old"]}
WHSEC = "whsec_" + base64.b64encode(b"0123456789abcdefghijklmn").decode()


def standard(identity: str = "msg_1", seconds: int = 0, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    written = str(int((NOW + timedelta(seconds=seconds)).timestamp()))
    text = f"{identity}.{written}.".encode() + BODY
    right = base64.b64encode(hmac.new(b"0123456789abcdefghijklmn", text, hashlib.sha256).digest()).decode()
    return {"webhook-id": identity, "webhook-timestamp": written, "webhook-signature": f"v1,{right}", **(changes or {})}


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        (standard(), None),
        (standard(changes={"webhook-signature": "v2,x " + standard()["webhook-signature"]}), None),
        (standard(seconds=301), "timestamp_stale"),
        (standard(seconds=-301), "timestamp_stale"),
        (standard("a.b"), "id_invalid"),
        (standard(""), "id_invalid"),
        (standard("x" * 1000), "id_invalid"),
        (standard(changes={"webhook-timestamp": "soon"}), "timestamp_invalid"),
        (standard(changes={"webhook-id": "msg_2"}), "signature_invalid"),
        (standard(changes={"webhook-signature": standard()["webhook-signature"].removeprefix("v1,")}), "signature_invalid"),
        (standard(changes={"webhook-signature": ""}), "signature_missing"),
        ({}, "signature_missing"),
    ],
)
def test_standard_webhooks(headers: Mapping[str, str], refused: str | None) -> None:
    assert asked(STANDARD, config={"whsec": WHSEC}, headers=headers) == refused


def test_what_proves_one_connection_proves_no_other() -> None:
    assert (
        asked(STANDARD, config={"whsec": "whsec_" + base64.b64encode(b"another secret").decode()}, headers=standard())
        == "signature_invalid"
    )


@pytest.mark.parametrize(
    "verify",
    [
        {"kind": "moon_phase"},
        {"any": []},
        [],
        {"kind": "timestamp", "at": "header.x"},
        {"kind": "timestamp", "at": {"from": "header.x"}},
        {"kind": "signature", "given": "header.x", "expected": []},
        {"kind": "signature", "given": "nowhere.x", "expected": {"of": "x", "hash": "md5"}},
        {"kind": "none", "because": "so"},
    ],
)
def test_a_proof_that_is_none_is_refused_when_the_file_is_read(verify: object) -> None:
    with pytest.raises(ValidationError):
        EventIntake.model_validate({"verify": verify, "events": [ROW]})


@given(
    st.dictionaries(st.sampled_from(["x-sig", "x-time", "x-token", "authorization"]), st.text(max_size=200)),
    st.binary(max_size=200),
)
def test_nothing_that_can_be_sent_raises_or_proves_anything(headers: dict[str, str], body: bytes) -> None:
    everything = {
        "any": [HMAC, TOKEN, PATH, {"all": [FRESH, HMAC]}, {"kind": "static", "at": "body.x", "value": "$config.secret"}]
    }
    assert asked(everything, headers=headers, body=body) in {
        "signature_missing",
        "signature_invalid",
        "timestamp_invalid",
        "body_malformed",
    }


def test_a_form_of_half_a_million_fields_is_refused_before_it_is_spelled() -> None:
    spelled = {
        "kind": "signature",
        "given": "header.x-sig",
        "form": {"sort": "plain", "escape": "none", "pair": "", "join": "", "distinct": True},
        "address": ["as_called", "with_port", "without_port"],
        "expected": {"hmac": "sha1", "key": "$config.secret", "of": ["$request.url", "$request.canonical_form"]},
    }
    began = time.process_time()
    assert asked(spelled, headers={"x-sig": "x"}, body=b"a&" * 500_000) == "signature_invalid"
    assert time.process_time() - began < 0.2


def test_a_question_in_the_body_does_not_make_unreadable_words_a_refusal() -> None:
    declared = EventIntake.model_validate(
        {
            "verify": {"kind": "none", "because": "the network is trusted"},
            "challenges": [
                {"method": "POST", "when": {"body.type": "check"}, "reply": {"status": 200, "json": {"c": "$body.c"}}}
            ],
            "events": [ROW],
        }
    )
    taken = Intake(declared, CONFIG, token_bytes)

    def sent(body: bytes) -> tuple[object, ...]:
        admission = taken.admit(InboundRequest("POST", {}, "", "application/json", body), now=NOW)
        return admission.refused, admission.challenge, admission.reply.body

    assert sent(b'{"type": "check", "c": "x"}') == (None, True, b'{"c":"x"}')
    assert sent(b'{"type": "other"}') == (None, False, b"")
    assert sent(b'{"note": "say "hello""}') == (None, False, b"")


def test_what_is_sealed_is_not_opened_before_the_proof() -> None:
    sealed = {"kind": "aes_cbc_receiver", "at": "envelope.e", "key": "$config.key", "receiver": "$config.id"}
    for part in (
        {"verify": {"kind": "static", "at": "body.token", "value": "$config.secret"}},
        {"challenges": [{"method": "POST", "when": {"any": [{"body.type": "check"}]}, "reply": {}}]},
        {"sealed": {**sealed, "at": "body.e"}},
    ):
        with pytest.raises(ValidationError):
            EventIntake.model_validate({"verify": TOKEN, "sealed": sealed, "events": [ROW], **part})
