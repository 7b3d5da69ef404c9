"""Commands that widen access are refused with an id, and go through once when somebody else has approved it (S40)."""

import re
from pathlib import Path

import psycopg
from tests.cli.test_batch import run

APPROVED = (
    "UPDATE approvals SET verdict = 'approved', decided_by = 'agent:dpo', expires_at = now() + interval '1 hour' WHERE id = %s"
)
MANY = "INSERT INTO audit_entries (at, actor, action) SELECT now(), 'x', 'many' FROM generate_series(1, 10000)"
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def approve(url: str, wrong: str) -> None:
    """Approve what a command said was missing, as the door writes it."""
    assert "A second person must approve this first" in wrong
    assert "TIELINE_SECOND_PERSON" in wrong, "and what a house of one does"
    with psycopg.connect(url) as connection:
        assert connection.execute(APPROVED, ID.findall(wrong)).rowcount == 1


def keys(folder: Path) -> int:
    return len((folder / "kept" / "secret.key").read_text().splitlines())


def test_a_new_outer_key_is_made_by_two(database_url: str, tmp_path: Path) -> None:
    ended, told, wrong = run(tmp_path, database_url, "secrets", "rotate", "--new-key")
    assert (ended, told, keys(tmp_path)) == (1, "", 1)
    approve(database_url, wrong)
    assert run(tmp_path, database_url, "secrets", "rotate", "--new-key")[0] == 0
    assert keys(tmp_path) == 2


def test_ten_thousand_rows_and_one_more_leave_by_two_unless_one_is_alone(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(MANY.encode())
    file = tmp_path / "audit.csv"
    ended, told, wrong = run(tmp_path, database_url, "export", "audit", "audit.csv")
    assert (ended, told, file.exists()) == (1, "", False)
    assert len(ID.findall(wrong)) == 1
    alone = {"TIELINE_SECOND_PERSON": "rules.loosen,key.change"}
    ended, told, _ = run(tmp_path, database_url, "export", "audit", "audit.csv", **alone)
    assert (ended, file.exists()) == (0, True)
    assert int(told.split()[0]) > 10_000
    with psycopg.connect(database_url) as connection:
        assert connection.execute(b"SELECT action, verdict FROM approvals").fetchall() == [("export.bulk", None)]
