"""What a call came to: only a talk with a person is served."""

import pytest
from tests.flows.exchange import HOUSE, Exchange, second

from tieline.domain.call import CallEvent
from tieline.domain.interaction import tell

CALL = Exchange()
OUT = Exchange(direction="outbound")

OUTCOMES: dict[str, tuple[list[CallEvent], str]] = {
    "an agent talked": (
        [CALL.tell("ringing", 0, agent="1001"), CALL.tell("answered", 3, agent="1001"), CALL.tell("ended", 30)],
        "served",
    ),
    "an answer that names nobody counts for the one agent who rang": (
        [CALL.tell("ringing", 0, agent="1001"), CALL.tell("answered", 3), CALL.tell("ended", 30)],
        "served",
    ),
    "rang, nobody took it": ([CALL.tell("ringing", 0, agent="1001"), CALL.tell("ended", 25)], "missed_agent"),
    "gave up within five seconds": ([CALL.tell("ringing", 0, agent="1001"), CALL.tell("ended", 4)], "abandoned_short"),
    "gave up in the queue": (
        [CALL.tell("queued", 0, queue="support"), CALL.tell("ringing", 5, agent="1001", queue="support"), CALL.tell("ended", 40)],
        "abandoned_queue",
    ),
    "gave up in the queue at once": ([CALL.tell("queued", 0, queue="support"), CALL.tell("ended", 3)], "abandoned_short"),
    "the queue answered, then the caller gave up, and the exchange calls that served": (
        [
            CALL.tell("answered", 0, queue="support"),
            CALL.tell("queued", 1, queue="support"),
            CALL.tell("ringing", 5, agent="1001", queue="support"),
            CALL.tell("ended", 40, outcome="served"),
        ],
        "abandoned_queue",
    ),
    "an IVR answered and the queue was left": (
        [CALL.tell("answered", 0), CALL.tell("queued", 20, queue="support"), CALL.tell("ended", 60, outcome="ivr_done")],
        "abandoned_queue",
    ),
    "the IVR was enough": ([CALL.tell("answered", 0), CALL.tell("ended", 60)], "ivr_done"),
    "a bot answered and the exchange calls that served": (
        [CALL.tell("ringing", 0), CALL.tell("answered", 1), CALL.tell("ended", 60, outcome="served")],
        "ivr_done",
    ),
    "voicemail": (
        [
            CALL.tell("queued", 0, queue="support"),
            CALL.tell("ringing", 2, agent="1001"),
            CALL.tell("ended", 20, agent="1001", outcome="missed_agent"),
            CALL.tell("answered", 21),
            CALL.tell("ended", 50, outcome="voicemail"),
        ],
        "voicemail",
    ),
    "the last queue decides": (
        [
            CALL.tell("queued", 0, queue="support"),
            CALL.tell("queued", 60, queue="billing"),
            CALL.tell("ended", 90, outcome="abandoned_queue"),
        ],
        "abandoned_queue",
    ),
    "missed by one, served by the next": (
        [
            CALL.tell("ringing", 0, agent="1001"),
            CALL.tell("ended", 15, agent="1001", outcome="missed_agent"),
            CALL.tell("ringing", 16, agent="1002"),
            CALL.tell("answered", 18, agent="1002"),
            CALL.tell("ended", 60),
        ],
        "served",
    ),
    "rejected": ([CALL.tell("ringing", 0, agent="1001"), CALL.tell("ended", 2, outcome="rejected")], "rejected"),
    "an extension nobody sits at answered": (
        [CALL.tell("ringing", 0, agent="7777"), CALL.tell("answered", 3, agent="7777"), CALL.tell("ended", 30)],
        "forwarded",
    ),
    "an extension nobody sits at answered, and the exchange calls that served": (
        [
            CALL.tell("ringing", 0, agent="7777"),
            CALL.tell("answered", 3, agent="7777"),
            CALL.tell("ended", 30, outcome="served"),
        ],
        "served",
    ),
    "outbound, nobody picked up": ([OUT.tell("ringing", 0, agent="1001"), OUT.tell("ended", 30)], "failed"),
    "outbound, an answering machine": (
        [OUT.tell("ringing", 0, agent="1001"), OUT.tell("answered", 9), OUT.tell("ended", 20, agent="1001", outcome="voicemail")],
        "voicemail",
    ),
    "outbound, talked": (
        [OUT.tell("ringing", 0, agent="1001"), OUT.tell("answered", 9), OUT.tell("ended", 60)],
        "served",
    ),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_outcome(name: str) -> None:
    events, outcome = OUTCOMES[name]
    story = tell(events, HOUSE, closing="settled")
    assert (story.state, story.outcome) == ("ended", outcome)


def test_two_who_talk_at_once_count_once_for_the_customer_and_each_for_themselves() -> None:
    events = [
        CALL.tell("answered", 0, agent="1001"),
        CALL.tell("answered", 10, agent="2001"),
        CALL.tell("ended", 40, agent="2001"),
        CALL.tell("ended", 60),
    ]
    story = tell(events, HOUSE)
    assert (story.talk_s, [leg.talk_s for leg in story.legs]) == (60, [60, 30])


def test_ring_that_lost_the_race_is_not_missed_even_if_the_exchange_says_so() -> None:
    events = [
        CALL.tell("ringing", 0, agent="1001"),
        CALL.tell("ringing", 0, agent="1002"),
        CALL.tell("answered", 5, agent="1002"),
        CALL.tell("ended", 5.2, agent="1001", outcome="missed_agent"),
        CALL.tell("ended", 60),
    ]
    legs = {leg.agent: leg.outcome for leg in tell(events, HOUSE).legs}
    assert legs == {"1001": "answered_elsewhere", "1002": "served"}


def test_wait_is_until_a_person_answers_and_not_until_the_queue_does() -> None:
    events = [
        CALL.tell("answered", 0, queue="support"),
        CALL.tell("queued", 1, queue="support"),
        CALL.tell("ringing", 20, agent="1001"),
        CALL.tell("answered", 25, agent="1001"),
        CALL.tell("ended", 60),
    ]
    story = tell(events, HOUSE)
    assert (story.wait_s, story.answered_at) == (25, second(25))


def test_whole_seconds_of_the_exchange_do_not_confuse_ring_answer_and_end() -> None:
    events = [CALL.tell("ended", 0, agent="1001"), CALL.tell("answered", 0, agent="1001"), CALL.tell("ringing", 0, agent="1001")]
    (leg,) = tell(events, HOUSE).legs
    assert (leg.outcome, leg.state, leg.talk_s) == ("served", "ended", 0)
