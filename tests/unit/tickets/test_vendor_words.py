"""Whatever a system calls it: what we close is closed there, what we reopen is open, and an escalation never looks milder."""

from types import SimpleNamespace
from typing import Any, Final, cast, get_args

import pytest

from tieline.connectors.registry import Catalog
from tieline.domain.ticket import TicketPriority, TicketStatus
from tieline.domain.ticket_status import is_over
from tieline.mapping.book import load_book
from tieline.services.tickets.changing import HIGHER
from tieline.services.tickets.spoke import Spoke

ANY: Final = "Asia/Shanghai"
"""What every field of a form says here; some name a zone."""
ORDER: Final = ("low", "normal", "high", "urgent")
MOVED_BY_THEIR_WORKFLOW: Final = {
    "aliyun_ccc": "FinishTicketTask, RejectTicket, WithdrawTicket and their like move a ticket; a status is not written",
    "tinet_clink": "close_ticket, finish_ticket, restart_ticket move a ticket; a status is not written",
}
"""What only follows: its status flows in and is never told. vendors: aliyun_ccc, tinet_clink, read 2026-11-22."""
WITHOUT_URGENCY: Final = {"aliyun_ccc": "a field of the template, if of any", "generic_soap": "its example service has none"}


def spokes() -> dict[str, Spoke]:
    """Return every system that takes changes of tickets."""
    found = {}
    for connector in Catalog().list():
        if "ticket.update" not in connector.manifest.operations:
            continue
        book = load_book(connector.mapping_file, config=dict.fromkeys(connector.manifest.config, ANY))
        found[connector.manifest.id] = Spoke(cast("Any", SimpleNamespace(name=connector.manifest.id)), book["ticket"])
    return found


SPOKES: Final = spokes()


def test_the_systems_that_are_let_off_exist_and_need_it() -> None:
    assert {name for name, spoke in SPOKES.items() if "status" not in spoke.mapping.writes} == set(MOVED_BY_THEIR_WORKFLOW)
    assert {name for name, spoke in SPOKES.items() if "priority" not in spoke.mapping.writes} == set(WITHOUT_URGENCY)
    assert len(SPOKES) > 10


@pytest.mark.parametrize("status", get_args(TicketStatus))
@pytest.mark.parametrize("name", sorted(SPOKES.keys() - MOVED_BY_THEIR_WORKFLOW.keys()))
def test_every_status_has_a_word_there_that_comes_back_as_open_or_over_as_it_was(name: str, status: TicketStatus) -> None:
    spoke = SPOKES[name]
    written = spoke.write({"status": status}, current={}, is_new=False)
    assert (written.unsayable, list(written.values)) == ((), ["status"])
    assert is_over(spoke.say("status", status)) == is_over(status)


@pytest.mark.parametrize("priority", get_args(TicketPriority))
@pytest.mark.parametrize("name", sorted(SPOKES.keys() - WITHOUT_URGENCY.keys()))
def test_an_escalated_ticket_is_no_less_urgent_there(name: str, priority: TicketPriority) -> None:
    spoke = SPOKES[name]
    before, after = spoke.say("priority", priority), spoke.say("priority", HIGHER[priority])
    assert spoke.write({"priority": priority}, current={}, is_new=False).unsayable == ()
    assert ORDER.index(after) >= ORDER.index(before)
