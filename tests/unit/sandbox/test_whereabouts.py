"""The note that tells where the sandbox listens: there while it runs, believed only if it is ours and the process lives."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from tieline.sandbox import whereabouts

SYSTEMS = {"crm": {"url": "http://127.0.0.1:1"}}


@pytest.fixture(autouse=True)
def _temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def note(folder: Path) -> Path:
    return folder / f"tieline-sandbox-{os.getuid()}.json"


def test_the_note_is_there_while_it_runs_and_for_our_eyes_only(tmp_path: Path) -> None:
    with whereabouts.noted(SYSTEMS):
        assert whereabouts.running_systems() == SYSTEMS
        assert note(tmp_path).stat().st_mode & 0o777 == 0o600
    assert whereabouts.running_systems() == {}
    assert list(tmp_path.iterdir()) == []


def test_the_note_of_a_dead_process_is_not_believed(tmp_path: Path) -> None:
    note(tmp_path).write_text(json.dumps({"process": 2**22 - 3, "systems": SYSTEMS}))
    assert whereabouts.running_systems() == {}


@pytest.mark.parametrize("written", ["", "[]", "not json", '{"process": "1"}', '{"systems": {}}'])
def test_a_broken_note_is_none(tmp_path: Path, written: str) -> None:
    note(tmp_path).write_text(written)
    assert whereabouts.running_systems() == {}


def test_somebody_elses_note_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with whereabouts.noted(SYSTEMS):
        written = note(tmp_path).read_text()
        uid = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: uid + 1)
        note(tmp_path).write_text(written)
        assert whereabouts.running_systems() == {}
        monkeypatch.setattr(os, "getuid", lambda: uid)


def test_a_link_laid_in_our_way_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    note(tmp_path).symlink_to(victim)
    with whereabouts.noted(SYSTEMS):
        assert not note(tmp_path).is_symlink()
    assert victim.read_text() == "precious"


def test_a_later_sandbox_keeps_its_note(tmp_path: Path) -> None:
    with whereabouts.noted(SYSTEMS):
        note(tmp_path).write_text(json.dumps({"process": os.getppid(), "systems": SYSTEMS}))
    assert whereabouts.running_systems() == SYSTEMS
