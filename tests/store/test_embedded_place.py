import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.store import embedded_process as processes

from tieline.domain.errors import ConfigRefused
from tieline.store import embedded, embedded_place
from tieline.store.embedded import EmbeddedPostgres
from tieline.store.embedded_place import NOBODY, Place, can_walk_to, choose_place
from tieline.store.embedded_programs import copy_programs, find_programs

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")
SOMEBODY = pwd.getpwnam("daemon").pw_uid


@pytest.fixture
def roots_home(reachable_folder: Path) -> Path:
    home = reachable_folder / "root"
    home.mkdir(mode=0o700)
    return home


@pytest.fixture
def fallback(reachable_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = reachable_folder / "var" / "lib" / "tieline"
    monkeypatch.setattr(embedded_place, "FALLBACK", folder)
    return folder


def facts(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.geteuid() == 0, reason="root runs Postgres as another user")
def test_an_ordinary_users_cluster_lies_in_the_data_directory(tmp_path: Path) -> None:
    assert choose_place(tmp_path / "data") == Place(tmp_path / "data" / "postgres", None)
    assert facts(tmp_path / "data") == (os.geteuid(), 0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_one_may_not_write_to_is_refused_in_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigRefused, match=r"cannot use .*: Permission denied"):
        choose_place(tmp_path / "data")


@AS_ROOT
def test_roots_cluster_belongs_to_nobody_and_nothing_above_is_changed(reachable_folder: Path) -> None:
    above = facts(reachable_folder)
    place = choose_place(reachable_folder / "data")
    assert place == Place(reachable_folder / "data" / "postgres", NOBODY)
    assert (facts(place.folder), facts(reachable_folder / "data"), facts(reachable_folder)) == (
        (NOBODY, 0o700),
        (0, 0o711),
        above,
    )


@AS_ROOT
def test_under_roots_home_the_cluster_goes_elsewhere_and_a_note_says_where(roots_home: Path, fallback: Path) -> None:
    place = choose_place(roots_home / "one" / "data")
    again, other = choose_place(roots_home / "one" / "data"), choose_place(roots_home / "two" / "data")
    assert place.folder.parent == fallback
    assert (place == again, place == other, facts(place.folder)) == (True, False, (NOBODY, 0o700))
    assert (roots_home / "one" / "data" / "postgres-is-at.txt").read_text() == f"{place.folder}\n"
    assert facts(roots_home) == (0, 0o700)


@AS_ROOT
def test_when_there_is_no_folder_for_nobody_root_is_told_what_to_do(roots_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_place, "FALLBACK", roots_home / "lib")
    with pytest.raises(ConfigRefused, match="can reach") as refused:
        choose_place(roots_home / "data")
    assert "ordinary user" in refused.value.hint


@AS_ROOT
def test_a_user_without_a_name_is_refused_before_initdb_stumbles(reachable_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_place, "NOBODY", 54_321)
    with pytest.raises(ConfigRefused, match="uid 54321, which has no name"):
        choose_place(reachable_folder / "data")


@AS_ROOT
def test_it_runs_from_roots_home_with_its_programs_there_too(
    roots_home: Path, fallback: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = copy_programs(find_programs(roots_home), roots_home)
    monkeypatch.setattr(embedded, "find_programs", lambda _cluster: hidden)
    told: list[str] = []
    server = EmbeddedPostgres(roots_home / "data", progress=told.append)
    try:
        assert processes.answers(server.start())
    finally:
        server.stop()
    assert told[0] == f"uid 65534 cannot reach {roots_home}/data; the database is in {next(fallback.iterdir())}"


@pytest.fixture
def anybodys_python() -> str:
    """A Python of this version that every user may run: this one, or the system's."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = (sys.executable, shutil.which(version, path="/usr/local/bin:/usr/bin"))
    for candidate in candidates:
        if candidate and can_walk_to(Path(candidate).resolve().parent, SOMEBODY):
            return candidate
    pytest.skip("there is no Python of this version that another user may run")


@AS_ROOT
def test_an_ordinary_user_needs_nothing_of_root(reachable_folder: Path, anybodys_python: str) -> None:
    home = reachable_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, SOMEBODY, SOMEBODY)
    other = processes.OtherProcess(home / "data", user=SOMEBODY, python=anybodys_python)
    assert processes.answers(other.started())
    other.end(signal.SIGINT)
    assert (facts(home / "data" / "postgres"), processes.has_ended(home / "data" / "postgres")) == ((SOMEBODY, 0o700), True)


@pytest.mark.parametrize(
    ("owner", "group", "mode", "passes"),
    [
        (0, 0, 0o755, True),
        (0, 0, 0o711, True),
        (0, 0, 0o700, False),
        (0, 0, 0o754, False),
        (0, NOBODY, 0o710, True),
        (0, NOBODY, 0o701, False),
        (NOBODY, 0, 0o100, True),
        (NOBODY, 0, 0o011, False),
    ],
)
@AS_ROOT
def test_who_may_pass_a_directory(reachable_folder: Path, owner: int, group: int, mode: int, passes: bool) -> None:  # noqa: FBT001 - a column
    step = reachable_folder / "step"
    (step / "below").mkdir(parents=True)
    os.chown(step, owner, group)
    step.chmod(mode)
    assert can_walk_to(step / "below", NOBODY) is passes


def test_copied_programs_are_whole_even_after_a_copy_that_was_cut_off(tmp_path: Path) -> None:
    programs = find_programs(tmp_path)
    (tmp_path / f"postgres-{programs.major}.part" / "half").mkdir(parents=True)
    copied = copy_programs(programs, tmp_path)
    answer = subprocess.run([copied.path("initdb"), "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert (f" {programs.major}." in answer.stdout, copied.folder.is_relative_to(tmp_path)) == (True, True)
    assert (copy_programs(programs, tmp_path), list(tmp_path.glob("**/half"))) == (copied, [])
