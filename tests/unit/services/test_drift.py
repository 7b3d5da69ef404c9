"""F18: a vendor's field that changes its shape is lost alone, flagged within minutes, and the rest of the record flows."""

from typing import Any

import pytest
from prometheus_client import generate_latest

from tieline.connectors.contract import Result
from tieline.kit.deadline import Deadline
from tieline.mapping.compile import compile_rows
from tieline.mapping.source import RowSource
from tieline.observability.metrics import REGISTRY
from tieline.services.drift import SPAN_S, Drift
from tieline.services.sources import Source, translate

ROWS = {
    "id": {"from": "id"},
    "subject": {"from": "title", "required": True},
    "priority": {"from": "prio", "values": {"1": "low", "2": "high"}},
    "opened_at": {"from": "created", "as": "iso"},
}
SOUND: dict[str, Any] = {"id": "1", "title": "坏了", "prio": 1, "created": "2026-01-02T03:04:05+08:00"}


class Nobody:
    name = "drifting"

    def needs(self, operation: str) -> frozenset[str] | None:
        raise NotImplementedError(operation)

    def takes(self, operation: str) -> frozenset[str]:
        raise NotImplementedError(operation)

    async def run(self, operation: str, *, deadline: Deadline, **inputs: Any) -> Result:  # noqa: ANN401 - as the contract says
        raise NotImplementedError(operation, deadline, inputs)


class Hands:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def source(hands: Hands) -> Source:
    return Source("ticket", Nobody(), compile_rows(ROWS, kind="ticket", source=RowSource("test")), drift=Drift(hands))


def take(source: Source, times: int = 1, **changed: object) -> list[Any]:
    return translate(source, source.standing, [{**SOUND, **changed}] * times)


@pytest.mark.parametrize(
    ("changed", "flagged"),
    [
        ({"created": {"at": "2026-01-02"}}, ("opened_at",)),
        ({"created": "yesterday"}, ("opened_at",)),
        ({"prio": 7}, ("priority",)),
        ({"prio": 7, "created": 12}, ("opened_at", "priority")),
    ],
)
def test_a_field_of_another_shape_is_flagged_and_the_others_flow(
    source: Source, changed: dict[str, object], flagged: tuple[str, ...]
) -> None:
    models = take(source, 3, **changed)
    assert source.drift.fields() == flagged
    assert [model.subject for model in models] == ["坏了"] * 3
    assert {model.priority for model in models} == {"normal" if "priority" in flagged else "low"}


def test_a_required_field_that_is_gone_is_flagged(source: Source) -> None:
    assert take(source, 3, title=None) == []
    assert source.drift.fields() == ("subject",)


def test_an_optional_field_that_is_absent_is_no_drift(source: Source) -> None:
    take(source, 10, prio=None, created=None)
    assert source.drift.fields() == ()


def test_odd_records_among_many_are_no_drift(source: Source) -> None:
    take(source, 7)
    take(source, 6, prio=7)
    assert source.drift.fields() == ()
    take(source, 1, prio=7)
    assert source.drift.fields() == ("priority",)


def test_what_reads_again_is_forgotten(source: Source, hands: Hands) -> None:
    take(source, 3, prio=7)
    hands.now = SPAN_S - 1
    assert source.drift.fields() == ("priority",)
    hands.now = 2 * SPAN_S + 1
    assert source.drift.fields() == ()


def test_every_unreadable_field_is_counted_without_its_value(source: Source) -> None:
    take(source, 2, prio="canary-7391")
    shown = generate_latest(REGISTRY).decode()
    assert 'tieline_unreadable_fields_total{connection="drifting",field="priority",record="ticket"}' in shown
    assert "canary-7391" not in shown
