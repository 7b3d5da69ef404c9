"""Limits that vendors count strictly: for the whole connection, for one operation, for one ticket."""

from pathlib import Path

import pytest
from tests.unit.connectors.wires import connect, json_answer

from tieline.connectors.manifest.schema import Limits
from tieline.connectors.wire.limits import BULK_SHARE, Priority, Throttle
from tieline.connectors.wire.windows import MOST_KEYS, OwnWindow, Windows
from tieline.domain.errors import CapacityExhausted
from tieline.kit.deadline import Deadline


class Hands:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_window_slides_and_is_never_overfull() -> None:
    hands = Hands()
    windows, own = Windows(hands), (OwnWindow("all", 3, 60),)
    for hands.now in (0, 10, 20):
        assert windows.wait_s(own, 1.0) == 0
        windows.note(own)
    hands.now = 30
    assert windows.wait_s(own, 1.0) == 30
    hands.now = 60
    assert windows.wait_s(own, 1.0) == 0
    windows.note(own)
    assert windows.wait_s(own, 1.0) == 10


def test_the_strictest_of_several_windows_decides_and_keys_are_apart() -> None:
    hands = Hands()
    windows = Windows(hands)
    first, other = OwnWindow("ticket 1", 1, 600), OwnWindow("ticket 2", 1, 600)
    everybody = OwnWindow("all", 2, 60)
    windows.note((first, everybody))
    assert windows.wait_s((first, everybody), 1.0) == 600
    assert windows.wait_s((other, everybody), 1.0) == 0
    windows.note((other, everybody))
    assert windows.wait_s((OwnWindow("ticket 3", 1, 600), everybody), 1.0) == 60


def test_keys_long_unused_are_forgotten() -> None:
    windows = Windows(Hands())
    for number in range(MOST_KEYS + 5):
        windows.note((OwnWindow(str(number), 1, 600),))
    assert len(windows._made) == MOST_KEYS
    assert windows.wait_s((OwnWindow("0", 1, 600),), 1.0) == 0
    assert windows.wait_s((OwnWindow(str(MOST_KEYS), 1, 600),), 1.0) == 600


@pytest.mark.parametrize(("priority", "calls"), [("live", 10), ("bulk", int(10 * BULK_SHARE))])
async def test_bulk_work_leaves_room_in_every_window(priority: Priority, calls: int) -> None:
    limits = Limits.model_validate({"windows": [{"calls": 10, "every_s": 60}]})
    throttle = Throttle(limits, Hands())
    for _ in range(calls):
        async with throttle.turn(priority, Deadline.after(5)):
            pass
    with pytest.raises(CapacityExhausted) as caught:
        async with throttle.turn(priority, Deadline.after(5)):
            pass
    assert caught.value.retry_after_s == 60


async def test_one_ticket_at_its_limit_does_not_hold_up_another(tmp_path: Path) -> None:
    operations = {
        "ticket.update": {
            "request": {"method": "PUT", "path": "/t/$in.ticket_id", "json": "$record"},
            "idempotency": {"repeatable": "it sets given values"},
            "limits": [{"calls": 2, "every_s": 600, "per": "$in.ticket_id"}, {"calls": 100, "every_s": 60}],
        }
    }
    connection, wire = connect(tmp_path, lambda _: json_answer({}), operations=operations)
    for _ in range(2):
        await connection.run("ticket.update", deadline=Deadline.after(5), ticket_id="1", record={})
    with pytest.raises(CapacityExhausted) as caught:
        await connection.run("ticket.update", deadline=Deadline.after(5), ticket_id="1", record={})
    await connection.run("ticket.update", deadline=Deadline.after(5), ticket_id="2", record={})
    assert len(wire.sent) == 3
    assert 590 < (caught.value.retry_after_s or 0) <= 600


async def test_a_short_wait_is_waited_for(tmp_path: Path) -> None:
    operations = {"order.list": {"request": {"path": "/o"}, "limits": [{"calls": 1, "every_s": 0.1}]}}
    connection, wire = connect(tmp_path, lambda _: json_answer([]), operations=operations)
    for _ in range(3):
        await connection.run("order.list", deadline=Deadline.after(5))
    assert len(wire.sent) == 3
