"""Which events are the same, which call they belong to, and how old news may be."""

from datetime import timedelta

import pytest
from tests.flows.exchange import NOON, Exchange, second

from tieline.domain.call import CallEvent
from tieline.domain.call_age import ClockSkew
from tieline.domain.call_identity import completed, dedupe_key, derived_call_id, in_order, nearby_derived, root_key
from tieline.domain.call_joining import linked_groups
from tieline.domain.working_days import next_working_day

CALL = Exchange()


def test_the_same_body_is_the_same_event_whatever_zone_its_time_is_written_in() -> None:
    event = CALL.tell("ringing", 0, agent="1001")
    elsewhere = CallEvent.model_validate(event.model_dump(by_alias=True) | {"at": "2026-11-22T20:00:00+08:00"})
    assert dedupe_key(event) == dedupe_key(elsewhere)


@pytest.mark.parametrize(
    "change",
    [{"leg_id": "b"}, {"type": "answered"}, {"at": second(1)}, {"agent": "1002"}, {"data": {"attempt": 2}}],
)
def test_another_leg_type_time_or_body_is_another_event(change: dict[str, object]) -> None:
    event = CALL.tell("ringing", 0, agent="1001", leg_id="a")
    assert dedupe_key(event) != dedupe_key(event.model_copy(update=change))


def test_the_exchanges_own_event_id_decides_before_the_body() -> None:
    event = CALL.tell("ringing", 0, event_id="e-1")
    assert dedupe_key(event) == dedupe_key(CALL.tell("ringing", 5, event_id="e-1", data={"attempt": 2}))
    assert dedupe_key(event) != dedupe_key(CALL.tell("answered", 0, event_id="e-1"))


def test_the_original_call_is_the_one_nobody_links_to_another() -> None:
    third = Exchange("c", linked_call_id="b").tell("ringing", 1)
    middle = Exchange("b", linked_call_id="a").tell("ringing", 2)
    assert root_key(in_order([third, middle])) == "a"


def test_calls_that_link_to_one_another_in_a_circle_still_have_one_name() -> None:
    one = Exchange("a", linked_call_id="b").tell("ringing", 1)
    other = Exchange("b", linked_call_id="a").tell("ringing", 1)
    assert root_key(in_order([one, other])) == root_key(in_order([other, one]))


def test_ids_of_a_chain_are_one_group_and_strangers_are_another() -> None:
    events = [
        Exchange("c", linked_call_id="b").tell("ringing", 0),
        Exchange("x").tell("ringing", 0),
        Exchange("b", linked_call_id="a").tell("ringing", 0),
    ]
    assert sorted(map(sorted, linked_groups(events))) == [["a", "b", "c"], ["x"]]


def test_a_derived_id_tells_calls_apart_and_does_not_tell_the_number() -> None:
    call_id = derived_call_id(number="+86 138 0013 8000", direction="inbound", began_at=NOON)
    assert call_id == derived_call_id(number="+8613800138000", direction="inbound", began_at=NOON)
    assert call_id != derived_call_id(number="+8613800138000", direction="outbound", began_at=NOON)
    assert "13800138000" not in call_id


def test_a_derived_id_reaches_two_seconds_either_way() -> None:
    seconds = [
        int(name.rpartition(":")[2]) - int(NOON.timestamp())
        for name in nearby_derived(completed({}, received_at=NOON)["call_id"])
    ]
    assert seconds == [-2, -1, 0, 1, 2]
    assert nearby_derived("c-42") == ("c-42",)


def test_an_event_without_an_instant_is_the_same_event_when_it_is_told_again_later() -> None:
    words = {"call_id": "c-1", "type": "ringing", "agent": "1001"}
    first, again = (CallEvent.model_validate(completed(words, received_at=second(at))) for at in (0, 30))
    assert dedupe_key(first) == dedupe_key(again)
    assert (first.at, again.at) == (second(0), second(30))


def test_an_event_with_an_instant_is_told_apart_by_it() -> None:
    first, again = (completed({"call_id": "c-1", "type": "held", "at": second(at)}, received_at=NOON) for at in (0, 30))
    assert dedupe_key(CallEvent.model_validate(first)) != dedupe_key(CallEvent.model_validate(again))


def test_an_id_the_exchange_gave_is_kept() -> None:
    assert completed({"call_id": "c-1", "at": NOON, "agent": None}, received_at=second(1)) == {"call_id": "c-1", "at": NOON}


@pytest.mark.parametrize(
    ("distances", "lag"),
    [([], 0), ([40], 40), ([40, 41, 42.5], 40), ([0.1, 40], 0.1), ([-40, 0.2], 0), ([6540], 0), ([6540, 40], 40)],
)
def test_least_distance_lately_seen_is_the_clocks_error(distances: list[float], lag: float) -> None:
    skew = ClockSkew()
    for distance in distances:
        skew.hear(at=NOON - timedelta(seconds=distance), received_at=NOON)
    assert skew.lag(NOON) == timedelta(seconds=lag)


def test_a_clock_put_right_is_believed_again_after_a_while() -> None:
    skew = ClockSkew()
    skew.hear(at=NOON, received_at=NOON)
    skew.hear(at=second(1000), received_at=second(1040))
    assert skew.lag(second(1040)) == timedelta(seconds=40)


def test_one_working_day_from_friday_is_monday() -> None:
    friday = NOON - timedelta(days=2)
    assert next_working_day(friday) == NOON + timedelta(days=1)
