"""What the reports' page is tested with in a browser has the shape the interface answers with."""

from typing import Any

import pytest
from pydantic import BaseModel
from tests.browser import recorded_reports

from tieline.api.causes import CauseTree
from tieline.api.feedback_shapes import ShownFeedback
from tieline.api.report_shapes import ShownReport, ShownRow
from tieline.api.wallboard import ShownAgeing, ShownMoment
from tieline.domain.kpi_formulas import FORMULAS, REPORTS

SPAN = {"from": "2026-11-20", "to": "2026-11-26"}


@pytest.mark.parametrize(
    ("recorded", "shape"),
    [
        (recorded_reports.report("kpis", {**SPAN, "compare": "true"}), ShownReport),
        (recorded_reports.report("causes", SPAN), ShownReport),
        (recorded_reports.rows({})["items"][0], ShownRow),
        (recorded_reports.answers()["items"][0], ShownRow),
        (dict(recorded_reports.FEEDBACK), ShownFeedback),
        (recorded_reports.corrected({"causes": ["wait"], "sentiment": None}), ShownFeedback),
        (recorded_reports.tree(), CauseTree),
        (recorded_reports.wallboard(), ShownMoment),
        (recorded_reports.follow_ups(), ShownAgeing),
    ],
)
def test_a_recorded_answer_has_the_fields_of_the_real_one(recorded: dict[str, Any], shape: type[BaseModel]) -> None:
    assert shape.model_fields.keys() - recorded.keys() == set()
    shape.model_validate(recorded)


def test_recorded_counts_and_figures_are_those_of_the_report() -> None:
    kind = REPORTS["kpis"]
    row = recorded_reports.report("kpis", SPAN)["rows"][0]
    counts = {name for names in kind.counts.values() for name in names}
    assert row.keys() - {"day"} <= counts | set(kind.figures)
    assert recorded_reports.FORMULAS.keys() <= set(kind.figures)
    assert {name: told["unit"] for name, told in recorded_reports.FORMULAS.items()} == {
        name: FORMULAS[name].unit for name in recorded_reports.FORMULAS
    }
