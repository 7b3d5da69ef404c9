from datetime import UTC, datetime, timedelta

import orjson

from tieline.domain.agent_event import AgentEventKind, SentEvent
from tieline.push.present_state import RECENT_LIMIT, present_state

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def sent(identifier: int, pop_id: str, kind: AgentEventKind = "pop.show", *, minutes_ago: int = 0) -> SentEvent:
    payload = f'{{"pop_id":"{pop_id}","reason":"missed"}}'
    return SentEvent(identifier, kind, pop_id, payload, NOON - timedelta(minutes=minutes_ago))


def test_a_pop_is_live_until_it_is_withdrawn_and_again_when_it_comes_back() -> None:
    events = [sent(1, "a"), sent(2, "b"), sent(3, "a", "pop.withdraw"), sent(4, "c", "pop.withdraw"), sent(5, "c", "pop.update")]
    present = present_state(events, ended_since=NOON)
    assert [event.pop_id for event in present.live] == ["b", "c"]
    assert [ended.state.pop_id for ended in present.ended] == ["a"]


def test_the_roll_names_the_live_and_tells_how_the_others_ended() -> None:
    roll = orjson.loads(present_state([sent(1, "a"), sent(2, "b"), sent(3, "b", "pop.withdraw")], ended_since=NOON).roll())
    assert roll == {
        "live": ["a"],
        "recent": [{"pop": {"pop_id": "b", "reason": "missed"}, "reason": "missed", "at": "2026-11-22T12:00:00+00:00"}],
    }


def test_what_ended_too_long_ago_or_never_showed_is_forgotten() -> None:
    events = [sent(1, "a", minutes_ago=40), sent(2, "a", "pop.withdraw", minutes_ago=31), sent(3, "b", "pop.withdraw")]
    assert present_state(events, ended_since=NOON - timedelta(minutes=30)).ended == ()


def test_only_the_latest_endings_are_kept() -> None:
    numbers = range(RECENT_LIMIT + 5)
    shows = [sent(2 * number, str(number)) for number in numbers]
    endings = [sent(2 * number + 1, str(number), "pop.withdraw") for number in numbers]
    ended = present_state([*shows, *endings], ended_since=NOON).ended
    assert (len(ended), ended[0].state.pop_id) == (RECENT_LIMIT, str(RECENT_LIMIT + 4))


def test_the_card_of_a_call_that_ended_is_over_though_nobody_took_it_back() -> None:
    ended = SentEvent(7, "pop.update", "a", '{"pop_id":"a","call":{"state":"ended"}}', NOON)
    talking = SentEvent(8, "pop.update", "b", '{"pop_id":"b","call":{"state":"answered"}}', NOON)
    present = present_state([ended, talking], ended_since=NOON)
    assert [event.pop_id for event in present.live] == ["b"]
    assert [(one.state.pop_id, one.reason, one.at) for one in present.ended] == [("a", "call_over", NOON)]
