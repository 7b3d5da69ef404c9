"""What is remembered of a call between the messages of an exchange."""

from typing import Any

import pytest
from pydantic import ValidationError

from tieline.connectors.manifest.stream import AmiStream, StreamIntake
from tieline.connectors.streams import memory
from tieline.connectors.streams.memory import CallMemory

CONFIG = {"trunk": "from-trunk", "prefix": "PJSIP/agent"}


def declared(**parts: Any) -> AmiStream:  # noqa: ANN401 - any part of the declaration
    return AmiStream.model_validate(
        {
            "host": "h",
            "port": "1",
            "username": "u",
            "secret": "s",
            "subscribe": {"Hangup": {}},
            "call": ["body.Linkedid"],
            "legs": ["body.Uniqueid", "body.DestUniqueid"],
            "events": [{"emit": "ended", "fields": {"call_id": "body.call.id"}}],
            **parts,
        }
    )


def calls_of(kept: CallMemory, *messages: dict[str, str]) -> list[dict[str, Any]]:
    return [kept.complete(message)["call"] for message in messages]


def test_a_telephone_keeps_to_its_call_and_says_when_that_becomes_part_of_another() -> None:
    kept = CallMemory(declared(), CONFIG)
    first, joined, later = calls_of(
        kept,
        {"Uniqueid": "b.1", "Linkedid": "b.1"},
        {"Uniqueid": "b.1", "Linkedid": "a.1"},
        {"Uniqueid": "b.2", "DestUniqueid": "b.1", "Linkedid": "a.1"},
    )
    assert first == {"id": "b.1", "new": True, "first": True}
    assert joined == {"id": "b.1", "linked": "a.1"}
    assert (later["id"], later["linked"]) == ("b.1", "a.1")


def test_a_call_that_becomes_part_of_another_knows_what_the_other_knows() -> None:
    kept = CallMemory(declared(remember=[{"when": {"body.Queue": {"exists": True}}, "facts": {"queue": "body.Queue"}}]), CONFIG)
    *_, joined = calls_of(
        kept,
        {"Uniqueid": "a.1", "Linkedid": "a.1", "Queue": "support"},
        {"Uniqueid": "b.1", "Linkedid": "b.1"},
        {"Uniqueid": "b.1", "Linkedid": "a.1"},
    )
    assert joined["queue"] == "support"


def test_the_first_word_stands_where_once_is_said_and_the_last_elsewhere() -> None:
    rules = [{"facts": {"began": "body.Context"}, "once": True}, {"facts": {"now": "body.Context"}}]
    kept = CallMemory(declared(remember=rules), CONFIG)
    *_, told = calls_of(kept, *({"Uniqueid": "a.1", "Linkedid": "a.1", "Context": word} for word in ("one", "two")))
    assert (told["began"], told["now"]) == ("one", "two")


def test_conditions_take_values_of_the_configuration_at_any_depth() -> None:
    rule = {"when": {"body.Context": {"not": "$config.trunk"}}, "facts": {"direction": {"const": "outbound"}}}
    kept = CallMemory(declared(remember=[rule]), CONFIG)
    inside, outside = calls_of(
        kept,
        {"Uniqueid": "a.1", "Linkedid": "a.1", "Context": "from-agent"},
        {"Uniqueid": "b.1", "Linkedid": "b.1", "Context": "from-trunk"},
    )
    assert (inside.get("direction"), outside.get("direction")) == ("outbound", None)


def test_a_message_about_no_call_is_completed_with_nothing() -> None:
    assert CallMemory(declared(), CONFIG).complete({"Event": "FullyBooted"}) == {"Event": "FullyBooted", "read": {}, "call": {}}


@pytest.mark.parametrize(
    ("channel", "digits"),
    [
        ("PJSIP/agent1001-0000000a", "1001"),
        ("PJSIP/agent1001", "1001"),
        ("PJSIP/agent1001x-0000000a", None),
        ("PJSIP/trunk-0000000a", None),
        ("Local/1001@agent-ring/n", None),
        ("", None),
    ],
)
def test_an_extension_is_the_digits_after_the_prefix(channel: str, digits: str | None) -> None:
    kept = CallMemory(declared(read={"phone": {"from": "body.Channel", "digits_after": "$config.prefix"}}), CONFIG)
    assert kept.complete({"Uniqueid": "a.1", "Channel": channel})["read"].get("phone") == digits


def test_it_forgets_the_oldest_and_never_grows_beyond_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_CALLS", 10)
    monkeypatch.setattr(memory, "MOST_LEGS", 10)
    kept = CallMemory(declared(), CONFIG)
    calls_of(kept, *({"Uniqueid": f"c.{number}", "Linkedid": f"c.{number}"} for number in range(100)))
    assert (len(kept._facts), len(kept._call_of)) == (10, 10)
    assert calls_of(kept, {"Uniqueid": "c.0", "Linkedid": "c.0"})[0]["new"] is True


def test_what_the_engine_says_of_a_call_cannot_be_taken_for_a_fact() -> None:
    with pytest.raises(ValidationError):
        declared(remember=[{"facts": {"id": "body.Uniqueid"}}])


@pytest.mark.parametrize("parts", [{}, {"use": "$config.events", "ami": 1}, {"ami": 1, "ari": 1}])
def test_a_stream_says_which_way_it_is_listened_to(parts: dict[str, Any]) -> None:
    ami = declared().model_dump(by_alias=True)
    ari = {"base_url": "u", "username": "u", "password": "p", "app": "a", "subscribe": ["Dial"], **_shared(ami)}
    given = {name: {"ami": ami, "ari": ari}.get(name, value) for name, value in parts.items()}
    with pytest.raises(ValidationError):
        StreamIntake.model_validate(given)


def _shared(ami: dict[str, Any]) -> dict[str, Any]:
    return {name: ami[name] for name in ("call", "legs", "events")}
