"""Every cast of a manifest: what it writes, and what it refuses."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tieline.connectors.contract import INPUTS
from tieline.connectors.language.casts import CASTS
from tieline.connectors.language.phone_forms import PHONE_FORMS
from tieline.connectors.language.references import references
from tieline.connectors.language.templates import InputMissing, compile_tree
from tieline.domain.errors import VendorMisconfigured, VendorRejected
from tieline.domain.phone import PhoneNumber

CONFIG = {"zone": "Asia/Shanghai", "country": "CN", "nowhere": "Mars/Base"}
SINCE = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
MOBILE = PhoneNumber(raw="+8613800138000", e164="+8613800138000", national="138 0013 8000", country="CN")
LANDLINE = PhoneNumber(raw="01065529988", e164="+861065529988", national="010 6552 9988", country="CN", extension="123")
SERVICE = PhoneNumber(raw="95588", national="95588", country="CN")


def render(tree: object, record: object = None, **inputs: object) -> object:
    return compile_tree(tree, CONFIG).render({"in": inputs, "record": record})


@pytest.mark.parametrize(
    ("form", "mobile", "landline"),
    [
        ("e164", "+8613800138000", "+861065529988"),
        ("digits", "8613800138000", "861065529988"),
        ("international", "008613800138000", "00861065529988"),
        ("national", "13800138000", "01065529988"),
        ("trunk", "013800138000", "01065529988"),
        ("national_extension", "13800138000", "01065529988-123"),
        ("calling_code", "86", "86"),
        ("country", "CN", "CN"),
        ("extension", None, "123"),
        ("raw", "+8613800138000", "01065529988"),
    ],
)
def test_each_form_of_a_number(form: str, mobile: str | None, landline: str) -> None:
    assert render(f"$in.phone.{form}?", phone=MOBILE) == mobile
    assert render(f"$in.phone.{form}", phone=LANDLINE) == landline


def test_the_forms_are_the_parts_a_manifest_may_name() -> None:
    assert INPUTS["phone"] == PHONE_FORMS.keys()


def test_a_number_given_as_text_is_read_where_it_is_dialled() -> None:
    assert (
        render({"$phone": {"of": "$in.to", "as": "e164", "country": "$config.country"}}, to="138 0013 8000") == "+8613800138000"
    )
    with pytest.raises(InputMissing) as caught:
        render({"$phone": {"of": "$in.to", "as": "e164"}}, to="95588")
    assert caught.value.unwritable


@pytest.mark.parametrize(
    ("written", "zone", "text"),
    [
        ("epoch_s", "", 1767323045),
        ("epoch_ms", "", 1767323045678),
        ("epoch_us", "", 1767323045678901),
        ("iso", "", "2026-01-02T03:04:05+00:00"),
        ("iso", "$config.zone", "2026-01-02T11:04:05+08:00"),
        ("rfc2822", "", "Fri, 02 Jan 2026 03:04:05 +0000"),
        ("%Y-%m-%d %H:%M:%S", "$config.zone", "2026-01-02 11:04:05"),
        ("%Y%m%d%H%M%S", "Asia/Shanghai", "20260102110405"),
        ("%Y-%m-%dT%H:%M:%SZ", "", "2026-01-02T03:04:05Z"),
    ],
)
def test_each_way_to_write_a_moment(written: str, zone: str, text: object) -> None:
    cast = {"$time": {"of": "$in.since", "as": written, **({"zone": zone} if zone else {})}}
    assert render(cast, since=SINCE) == text
    assert render(cast, since=SINCE.isoformat()) == text


def test_a_moment_without_its_zone_is_not_guessed() -> None:
    with pytest.raises(InputMissing):
        render({"$time": {"of": "$in.since", "as": "epoch_s"}}, since="2026-01-02T03:04:05")


@pytest.mark.parametrize(
    ("cast", "text"),
    [
        ({"$take": {"of": "1767322800000-37", "steps": [{"before": "-"}]}}, "1767322800000"),
        ({"$take": {"of": "HTTPS://x/t/7", "steps": [{"after_last": "/"}, {"prefix": "T"}]}}, "T7"),
        ({"$escape": {"of": "O'Neil \\ Co", "chars": "\\'", "with": "\\"}}, "O\\'Neil \\\\ Co"),
        ({"$escape": {"of": "O'Neil", "chars": "'", "with": "'"}}, "O''Neil"),
        ({"$replace": {"of": "a b", "from": " ", "to": "+"}}, "a+b"),
        ({"$join": {"of": ["a", "$in.number?", 3], "with": "|"}}, "a|3"),
        ({"$split": {"of": "u1|u2", "with": "|"}}, ["u1", "u2"]),
        ({"$parse": '{"a": [1]}'}, {"a": [1]}),
    ],
)
def test_texts(cast: object, text: object) -> None:
    assert render(cast) == text


def test_a_text_without_the_mark_is_not_sent_whole() -> None:
    with pytest.raises(InputMissing):
        render({"$take": {"of": "$in.call_id", "steps": [{"after": "-"}]}}, call_id="37")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "id:a%2Cb%3Ac%25,n:7"),
        ({"escape": "\\"}, "id:a\\,b\\:c%,n:7"),
        ({"joins": "=", "between": ";"}, "id=a,b:c%25;n=7"),
    ],
)
def test_what_is_passed_along_can_be_taken_apart_again(options: dict[str, str], text: str) -> None:
    assert render({"$pairs": {"of": {"id": "$in.call_id", "n": 7, "gone": "$in.name?"}, **options}}, call_id="a,b:c%") == text


def test_what_is_passed_along_is_never_cut() -> None:
    cast = {"$pairs": {"of": {"name": "$in.name"}, "most_bytes": 128}}
    assert len(str(render(cast, name="x" * 123))) == 128
    with pytest.raises(VendorRejected):
        render(cast, name="张" * 42)


@pytest.mark.parametrize(
    ("options", "sent"),
    [({}, {"code": "4=2", "empty": ""}), ({"into": "value"}, {"code": {"value": "4=2"}, "empty": {"value": ""}})],
)
def test_values_that_carry_their_names_become_a_map(options: dict[str, str], sent: object) -> None:
    assert render({"$named": {"of": "$record.values", **options}}, record={"values": ["code=4=2", "empty="]}) == sent


@pytest.mark.parametrize("values", [["1234"], ["code=1", "=2"]])
def test_a_value_without_its_name_is_refused(values: list[str]) -> None:
    with pytest.raises(VendorRejected):
        render({"$named": {"of": "$record.values"}}, record={"values": values})


@pytest.mark.parametrize(
    ("tree", "given", "sent"),
    [
        ({"a": "$record.a?"}, {}, {}),
        ({"a": {"$filled": {"id": "$record.a"}}, "b": 1}, {}, {"b": 1}),
        ({"$$select": "$record.a"}, {"a": "x"}, {"$select": "x"}),
        ({"a": {"$filled": {"id": "$record.a"}}}, {"a": 0}, {"a": {"id": 0}}),
        ({"a": {"$first": ["$record.a", None]}}, {}, {"a": None}),
        ({"a": {"$first": ["$record.a", ""]}}, {}, {"a": ""}),
        ({"a": {"$first": ["$record.a", None]}}, {"a": 0}, {"a": 0}),
    ],
)
def test_what_is_not_there_is_left_out_or_null_or_empty(tree: object, given: object, sent: object) -> None:
    assert render(tree, record=given) == sent


@pytest.mark.parametrize("value", ["+8613800000000", "013800000000", "12345678901234567890", "1_000", "1e5", "True", "10,000"])
@pytest.mark.parametrize("cast", ["$text", "$first"])
def test_texts_that_look_like_numbers_stay_text(value: str, cast: str) -> None:
    assert render({cast: ["$in.number"] if cast == "$first" else "$in.number"}, number=value) == value


@pytest.mark.parametrize(
    ("cast", "told"),
    [
        ({"$time": "$in.since"}, "$time needs"),
        ({"$time": {"of": "$in.since"}}, "as is missing"),
        ({"$time": {"of": "$in.since", "as": "iso", "zon": "x"}}, "there is no option 'zon'"),
        ({"$time": {"of": "$in.since", "as": "seconds"}}, "a time is written"),
        ({"$phone": {"of": "$in.to", "as": "e146"}}, "a number is written"),
        ({"$take": {"of": "$in.to", "steps": [{"behind": "x"}]}}, "a step is one of"),
        ({"$eval": "x"}, "unknown cast"),
    ],
)
def test_a_cast_that_cannot_be_is_found_when_the_file_is_read(cast: object, told: str) -> None:
    ((place, found),) = ((place, found) for place, found in references({"a": cast}) if isinstance(found, ValueError))
    assert (place, told in str(found)) == (("a",), True)


def test_an_option_from_the_configuration_is_judged_when_the_connection_opens() -> None:
    with pytest.raises(VendorMisconfigured):
        compile_tree({"$time": {"of": "$in.since", "as": "iso", "zone": "$config.nowhere"}}, CONFIG)


def test_maps_become_one_and_the_later_wins() -> None:
    tree = {"$merge": ["$record", {"customer": "$in.customer_id?", "kind": "call"}, "$record.not_there"]}
    assert render(tree, record={"kind": "mail", "subject": "x"}) == {"kind": "call", "subject": "x"}
    assert render(tree, record={}, customer_id="7") == {"kind": "call", "customer": "7"}


def test_every_cast_is_shown_here() -> None:
    here = Path(__file__)
    shown = here.read_text(encoding="utf-8") + here.with_name("test_templates.py").read_text(encoding="utf-8")
    assert [cast for cast in CASTS if f'"{cast}"' not in shown] == []
