"""What a newcomer and an operator install is what it says."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from tieline.domain import errors
from tieline.domain.errors import TielineError

ROOT = Path(__file__).parents[2]


def test_the_compose_file_is_valid_against_the_compose_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    assert checked.returncode == 0, checked.stdout


def test_the_compose_file_starts_two_replicas_a_worker_a_database_and_a_front() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"^  (\w+):", text.partition("\nservices:\n")[2].partition("\nsecrets:\n")[0], re.MULTILINE)) == {
        "postgres",
        "migrate",
        "app1",
        "app2",
        "worker",
        "front",
    }


@pytest.mark.parametrize("package", ["httpx2", "niquests"])
def test_packages_that_switch_others_behind_our_back_stay_out(package: str) -> None:
    assert find_spec(package) is None


def test_every_dependency_named_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=; ]", each)[0].lower().replace("_", "-") for each in wanted}
    pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE))
    assert names <= pinned


def test_the_error_tree_is_drawn_whole_and_true() -> None:
    drawing = errors.__doc__ or ""
    for error in _below(TielineError):
        row = next((line for line in drawing.splitlines() if re.search(rf"\b{error.__name__}\b", line)), None)
        assert row is not None, f"{error.__name__} is not drawn"
        drawn = row.split(error.__name__, 1)[1].split()
        if len(drawn) > 1 and drawn[1].isdigit():
            assert (drawn[0], int(drawn[1])) == (error.kind, error.http_status), error.__name__
        if len(drawn) > 2 and not drawn[2].startswith("("):
            assert drawn[2] == error.code, error.__name__


def _below(error: type[TielineError]) -> list[type[TielineError]]:
    own = [each for each in error.__subclasses__() if each.__module__ == errors.__name__]
    return [*own, *(deeper for each in own for deeper in _below(each))]


def test_every_decision_is_listed_once() -> None:
    folder = ROOT / "docs" / "adr"
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (folder / "0000-how-we-decide.md").read_text(encoding="utf-8"))
    written = sorted(file.name for file in folder.glob("*.md") if not file.name.startswith("0000"))
    assert sorted(listed) == written
    assert len({name[:4] for name in written}) == len(written)


def test_the_bill_of_materials_lists_every_package_that_is_pinned_with_its_hashes() -> None:
    command = [sys.executable, "deploy/sbom.py", "requirements.runtime.lock"]
    bill = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)  # noqa: S603 - a fixed command
    lock = (ROOT / "requirements.runtime.lock").read_text(encoding="utf-8")
    pinned = {line.split(" ")[0].lower() for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#"))}
    listed = {f"{part['name']}=={part['version']}" for part in bill["components"]}
    assert listed == {re.sub(r"\[.*\]", "", name) for name in pinned}
    hashes = [file["hashes"][0]["content"] for part in bill["components"] for file in part["externalReferences"]]
    assert len(hashes) == lock.count("--hash=sha256:")
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")


@pytest.mark.parametrize(("program", "arguments"), [("haproxy", ["-c", "-f", "deploy/haproxy.cfg"])])
def test_the_fronts_configuration_is_one(program: str, arguments: list[str]) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"THE CONFIGURATION OF {program.upper()} WAS NOT CHECKED: IT IS NOT INSTALLED HERE")
    checked = subprocess.run([found, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    assert checked.returncode == 0, checked.stderr
