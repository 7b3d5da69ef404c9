"""Who the customer is, which line was called, and what is inside the house."""

import pytest
from tests.flows.exchange import CALLER, HOUSE, LINE, Exchange

from tieline.domain.call import CallEvent
from tieline.domain.interaction import Interaction, tell


def story(*events: CallEvent) -> Interaction:
    return tell(events, HOUSE)


def test_inbound_the_customer_called_the_line() -> None:
    told = story(Exchange().tell("ringing", 0, agent="1001"))
    assert (told.customer and told.customer.e164, told.line, told.internal) == (CALLER, LINE, False)


def test_outbound_the_customer_was_called() -> None:
    told = story(Exchange(direction="outbound").tell("ringing", 0, agent="1001"))
    assert (told.customer and told.customer.e164, told.line) == (CALLER, LINE)


@pytest.mark.parametrize("direction", ["internal", "inbound"])
def test_a_colleague_who_calls_a_colleague_is_no_customer(direction: str) -> None:
    told = story(Exchange(caller="1001", called="1002", direction=direction).tell("ringing", 0))
    assert (told.internal, told.customer, told.caller, told.line) == (True, None, "1001", LINE)
    assert [leg.agent for leg in told.legs] == ["1002"]


@pytest.mark.parametrize("written", ["", "anonymous", "Restricted", "<unknown>", "266696687", "+1266696687", "0000000000", "-"])
def test_a_withheld_number_stays_withheld(written: str) -> None:
    told = story(Exchange(caller=written).tell("ringing", 0, agent="1001"))
    assert told.customer is not None
    assert (told.customer.withheld, told.internal) == (True, False)


def test_a_number_another_leg_lets_slip_does_not_unmask_a_withheld_caller() -> None:
    told = story(
        Exchange(caller="anonymous").tell("ringing", 0, agent="1001"),
        Exchange(caller=CALLER).tell("answered", 3, agent="1001"),
    )
    assert told.customer is not None
    assert told.customer.withheld


def test_an_event_without_numbers_does_not_make_the_caller_withheld() -> None:
    told = story(
        Exchange(caller="", called="").tell("answered", 3, agent="1001"),
        Exchange().tell("ringing", 4, agent="1001"),
    )
    assert (told.customer and told.customer.e164, told.line) == (CALLER, LINE)


def test_the_number_shown_is_never_the_transferring_extension() -> None:
    moved = Exchange("c-43", caller="1001", called="1002", linked_call_id="c-42")
    told = story(
        moved.tell("ringing", 20),
        Exchange().tell("ringing", 0, agent="1001"),
        Exchange().tell("answered", 3, agent="1001"),
    )
    assert (told.customer and told.customer.e164, told.call_key, told.internal) == (CALLER, "c-42", False)


def test_an_expert_an_agent_dials_in_is_not_the_customer_of_a_withheld_call() -> None:
    expert = Exchange("c-43", caller="+8613700000001", direction="outbound", linked_call_id="c-42")
    told = story(
        Exchange(caller="").tell("ringing", 0, agent="1001"),
        Exchange(caller="").tell("answered", 3, agent="1001"),
        expert.tell("ringing", 20, agent="1001"),
    )
    assert told.customer is not None
    assert (told.customer.withheld, told.customer_raw) == (True, "")


def test_text_that_is_no_number_is_kept_as_written_and_looked_up_nowhere() -> None:
    told = story(Exchange(caller="sip:alice@example.org").tell("ringing", 0, agent="1001"))
    assert told.customer_raw == "sip:alice@example.org"
    assert told.customer is None or told.customer.key is None


def test_an_extension_instead_of_an_agent_finds_who_sits_there() -> None:
    call = Exchange()
    told = story(call.tell("ringing", 0, extension="1002"), call.tell("ringing", 0, to="1003"))
    assert [leg.agent for leg in told.legs] == ["1002", "1003"]


def test_the_pilot_number_of_a_queue_is_not_an_extension() -> None:
    told = story(Exchange().tell("ringing", 0, to="600", queue="support"))
    assert [(leg.kind, leg.queue) for leg in told.legs] == [("queue", "support")]
