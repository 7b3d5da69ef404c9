"""The handbook's examples of what comes in load as they stand."""

import re
from pathlib import Path
from typing import Any

import pytest

from tieline.connectors.manifest.inbound import EventIntake, Inbound
from tieline.domain.event import EVENT_KINDS
from tieline.kit.yaml_lines import parse_with_lines

HANDBOOK = (Path(__file__).parents[3] / "docs" / "connectors.md").read_text("utf-8")
CHAPTER = HANDBOOK[HANDBOOK.index("### inbound:") : HANDBOOK.index("## examples/")]
BLOCKS = re.findall(r"```yaml\n(.*?)```", CHAPTER, re.DOTALL)


def read(text: str) -> Any:  # noqa: ANN401 - YAML
    return parse_with_lines(text).tree


def test_the_whole_example_loads() -> None:
    inbound = Inbound.model_validate(read(BLOCKS[0])["inbound"])
    assert inbound.kinds == ("call", "event")


def test_the_example_of_sealing_loads_as_part_of_an_intake() -> None:
    told = read(BLOCKS[1].replace("expected: {…}", "expected: {hash: sha1, of: [$config.token, $sealed], sort: true}"))
    intake = EventIntake.model_validate({**told, "events": [{"emit": "nothing"}]})
    assert (intake.sealed is not None, len(intake.challenges), intake.reply.seal) == (True, 1, "success")


@pytest.mark.parametrize("line", ["poll", "subscription"])
def test_the_plan_loads(line: str) -> None:
    (written,) = re.findall(rf"`({line}: .*?)`", CHAPTER)
    assert Inbound.model_validate(read(written)).model_fields_set == {line}


def test_every_kind_of_event_is_named() -> None:
    named = CHAPTER[CHAPTER.index("**Events** are") :]
    for kind in EVENT_KINDS:
        assert kind.partition(".")[0] in named
        assert f".{kind.partition('.')[2]}`" in named, kind
