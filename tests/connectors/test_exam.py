"""Every connector of the catalog sits the exam; a new folder is examined without an edit here."""

import time
from pathlib import Path

import pytest

from tieline.connectors.registry import PACKAGED_CATALOG
from tieline.services.connector_exam import examine

FOLDERS = sorted(manifest.parent for manifest in PACKAGED_CATALOG.glob("*/connector.yaml"))

EXAM_S = 3.0
"""CPU seconds for one folder; the command adds some two to start, and promises five."""


def test_the_catalog_is_found() -> None:
    assert FOLDERS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
async def test_it_passes(folder: Path) -> None:
    started_s = time.process_time()
    problems = await examine(folder)
    assert not problems, "\n".join(map(str, problems))
    assert time.process_time() - started_s < EXAM_S


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_is_data(folder: Path) -> None:
    code = [file.name for file in folder.rglob("*") if file.suffix in {".py", ".so", ".pyc"} and file.name != "hooks.py"]
    assert code == []
