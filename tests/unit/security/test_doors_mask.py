"""What leaves the house is masked in one place, which knows of views and restrictions; doors that mask by themselves forget."""

from pathlib import Path

import tieline
from tieline.services import seeing

DOORS = ("api", "web", "worker", "cli")


def test_no_door_applies_the_masks_by_itself() -> None:
    house = Path(tieline.__file__).parent
    files = [file for door in DOORS for file in (house / door).rglob("*.py")]
    assert [file.name for file in files if "policy.apply(" in file.read_text("utf-8")] == []
    assert "policy.apply(" in Path(seeing.__file__).read_text("utf-8"), "this is how it is written"
