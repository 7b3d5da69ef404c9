"""By when a ticket is to be solved: as promised until somebody says otherwise, here or there, and merged like any other field."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from tests.unit.tickets.test_rules import NOW, PROMISE, ticket

from tieline.connectors.registry import Catalog
from tieline.domain.ticket_change import Change, change, on_the_clock
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_link import Agreed, LinkState, Value, as_document, due, from_document
from tieline.domain.ticket_merge import FieldRule, Stand, merge
from tieline.mapping.book import load_book
from tieline.services.tickets.policy import policy_of
from tieline.services.tickets.spoke import Spoke

FRIDAY = datetime(2026, 11, 27, 7, 30, tzinfo=UTC)
LATER = FRIDAY + timedelta(days=3)


def set_to(before: HubTicket, by: str = "agent:1001", **values: Any) -> HubTicket:  # noqa: ANN401 - any field
    return change(before, Change(values, by, NOW), PROMISE).ticket


def spoke_to(name: str) -> Spoke:
    connector = Catalog().find(name)
    book = load_book(connector.mapping_file, config=dict.fromkeys(connector.manifest.config, "x"))
    return Spoke(cast("Any", SimpleNamespace(name=name)), book["ticket"])


def say(_name: str, value: Value) -> Value:
    """A system that keeps whole seconds."""
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


def test_the_promise_moves_it_until_somebody_sets_it_and_again_once_it_is_taken_away() -> None:
    promised = on_the_clock(ticket(stamps={}), PROMISE)
    urgent = set_to(promised, priority="urgent")
    assert (promised.due_at, urgent.due_at) == (NOW + timedelta(hours=4), NOW + timedelta(hours=1))
    by_hand = set_to(urgent, due_at=FRIDAY)
    assert (by_hand.due_at, by_hand.stamps["due_at"].by) == (FRIDAY, "agent:1001")
    assert set_to(by_hand, priority="normal").due_at == FRIDAY
    assert set_to(by_hand, status="pending_customer").due_at == FRIDAY
    freed = set_to(by_hand, due_at=None)
    assert (freed.due_at, freed.due_is_set) == (urgent.due_at, False)


def test_while_the_promises_clock_stands_nothing_is_told_of_it() -> None:
    waiting = set_to(on_the_clock(ticket(stamps={}), PROMISE), status="pending_customer")
    assert (waiting.due_at, "due_at" in waiting.values()) == (None, False)


def test_a_system_that_never_had_one_is_told_ours_and_takes_nothing_away() -> None:
    heard = merge(LinkState(), {"due_at": Stand(FRIDAY, "tieline", NOW)}, {"due_at": Stand(None, "odoo", LATER)}, {}, say=say)
    assert (heard.flows_in, due(heard.link, {"due_at": FRIDAY})) == ({}, {"due_at": FRIDAY})


def test_what_they_move_flows_in_and_the_newest_of_two_moves_holds() -> None:
    link = LinkState({"due_at": Agreed(NOW, NOW)})
    theirs = {"due_at": Stand(LATER, "odoo", NOW + timedelta(hours=1))}
    flown = merge(link, {"due_at": Stand(NOW, "tieline", NOW)}, theirs, {}, say=say)
    assert flown.flows_in == {"due_at": LATER}
    rule = policy_of({}).rules["due_at"]
    both = merge(link, {"due_at": Stand(FRIDAY, "agent:1001", NOW)}, theirs, {"due_at": rule}, say=say)
    assert (rule, both.flows_in, len(both.losses)) == (FieldRule("newest"), {"due_at": LATER}, 1)


def test_seconds_that_a_system_does_not_keep_are_no_change_of_its_own() -> None:
    exact = FRIDAY.replace(microsecond=123_456)
    told = LinkState(agreed={"due_at": Agreed(exact, FRIDAY)})
    heard = merge(told, {"due_at": Stand(exact, "tieline", NOW)}, {"due_at": Stand(FRIDAY, "odoo", LATER)}, {}, say=say)
    assert (heard.flows_in, due(heard.link, {"due_at": exact})) == ({}, {})


def test_odoo_is_told_the_deadline_in_its_own_words_and_read_back_the_same() -> None:
    odoo = spoke_to("odoo")
    exact = FRIDAY.replace(microsecond=123_456)
    written = odoo.write({"due_at": exact}, current={"date_deadline": False}, is_new=False)
    assert written.tree == {"date_deadline": "2026-11-27 07:30:00"}
    assert odoo.say("due_at", exact) == FRIDAY
    assert odoo.write({"due_at": None}, current=written.tree, is_new=False).tree == {"date_deadline": False}
    shown = odoo.shows({"id": 1, "name": "x", "state": "01_in_progress", "priority": "0", "date_deadline": "2026-11-30 07:30:00"})
    assert shown["due_at"] == LATER


@pytest.mark.parametrize(
    ("name", "field"),
    [
        pytest.param("zendesk", "due_at", id="only tasks have one"),
        pytest.param("zammad", "due_at", id="when it escalates"),
        pytest.param("zammad", "category", id="the group that works on it"),
        pytest.param("odoo", "category", id="the column the task stands in"),
    ],
)
def test_what_a_system_has_for_itself_is_nothing_to_agree_on(name: str, field: str) -> None:
    spoke = spoke_to(name)
    assert field in spoke.mapping.reads
    assert not spoke._is_agreed_on(field)


def test_the_column_a_task_stands_in_is_not_what_a_ticket_is_about() -> None:
    task = {"id": 1, "name": "x", "state": "01_in_progress", "priority": "0", "stage_id": [8, "新建"], "date_deadline": False}
    assert "category" not in spoke_to("odoo").shows(task)


@pytest.mark.parametrize(
    ("name", "value"), [("due_at", FRIDAY), ("tags", ("a", "b")), ("subject", "2026-11-27"), ("due_at", None)]
)
def test_a_value_comes_back_from_a_document_as_it_went_in(name: str, value: Value) -> None:
    assert from_document(name, orjson.loads(orjson.dumps(as_document(value)))) == value
