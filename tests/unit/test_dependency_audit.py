"""What the audit of dependencies makes of an answer: a known weakness stops it, an accepted one does not yet, silence is said."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CLEAN: Final = {"name": "alpha", "version": "1.0", "vulns": []}
WEAK: Final = {
    "name": "beta",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.1"], "description": "x"}],
}
UNKNOWN: Final = {"name": "gamma", "skip_reason": "Dependency not found and could not be audited"}
ACCEPTED: Final = (
    '[[accepted]]\nid = "CVE-2026-1"\npackage = "beta"\nwhy = "never called"\nsince = 2026-11-01\nuntil = 2026-11-26\n'
)


def audited(folder: Path, *packages: dict[str, Any], accepted: str = "", today: str = "2026-11-26") -> tuple[int, str]:
    report, list_ = folder / "report.json", folder / "accepted.toml"
    report.write_text(json.dumps({"dependencies": packages, "fixes": []}), encoding="utf-8")
    list_.write_text(accepted, encoding="utf-8")
    return run(f"--report={report}", f"--accepted={list_}", f"--today={today}")


def run(*words: str) -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603 - a fixed command
        [sys.executable, str(ROOT / "deploy" / "audit.py"), *words], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("packages", "accepted", "today", "status", "said"),
    [
        ([CLEAN], "", "2026-11-26", 0, "1 packages, 0 known weaknesses"),
        ([CLEAN, WEAK], "", "2026-11-26", 1, "beta 2.0: PYSEC-2026-1, mended in 2.1"),
        ([CLEAN, WEAK], ACCEPTED, "2026-11-26", 0, "2 packages, 0 known weaknesses"),
        ([CLEAN, WEAK], ACCEPTED, "2026-11-27", 1, "accepted until 2026-11-26, which is over"),
        ([CLEAN, WEAK], ACCEPTED.replace("beta", "alpha"), "2026-11-26", 1, "beta 2.0"),
        ([CLEAN, UNKNOWN], "", "2026-11-26", 0, "WERE NOT CHECKED FOR KNOWN WEAKNESSES: 1 packages are unknown"),
        ([WEAK, UNKNOWN], "", "2026-11-26", 1, "beta 2.0"),
        ([CLEAN], ACCEPTED.replace('why = "never called"\n', ""), "2026-11-26", 2, "says why, since and until"),
        ([CLEAN], ACCEPTED.replace("2026-11-26", "2027-11-26"), "2026-11-26", 2, "longer than 90 days"),
    ],
    ids=["clean", "weak", "accepted", "over", "another package", "unknown", "weak and unknown", "no reason", "for too long"],
)
def test_what_an_answer_comes_to(
    tmp_path: Path, *, packages: list[dict[str, Any]], accepted: str, today: str, status: int, said: str
) -> None:
    got, text = audited(tmp_path, *packages, accepted=accepted, today=today)
    assert (got, said in text) == (status, True), text


def test_a_service_that_is_away_is_said_and_a_broken_audit_is_no_all_clear(tmp_path: Path) -> None:
    tool = tmp_path / "pip_audit.py"
    for error, status, said in (
        ("requests.exceptions.ConnectionError: Max retries exceeded", 0, "cannot be reached"),
        ("ValueError: the lock makes no sense", 2, "The audit failed: ValueError"),
    ):
        tool.write_text(f"import sys; sys.exit({error!r})", encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - a fixed command
            [sys.executable, str(ROOT / "deploy" / "audit.py")],
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONPATH": str(tmp_path)},
        )
        assert (done.returncode, said in done.stdout) == (status, True), done.stdout + done.stderr


def test_the_list_that_is_kept_can_be_read(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text('{"dependencies": []}', encoding="utf-8")
    assert run(f"--report={report}") == (0, "0 packages, 0 known weaknesses that are not accepted.\n")


def test_the_audits_own_packages_are_pinned_by_hash() -> None:
    lock = (ROOT / "deploy" / "audit.lock").read_text(encoding="utf-8")
    pins = [line for line in lock.splitlines() if "==" in line]
    assert any(line.startswith("pip-audit==") for line in pins)
    assert lock.count("--hash=sha256:") >= len(pins)
