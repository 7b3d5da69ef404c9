"""`tieline privacy` and `tieline secrets` as an officer and an operator run them."""

import csv
import json
from pathlib import Path

import psycopg
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from tieline.cli import app as command_line
from tieline.main import Tieline
from tieline.settings import Settings

PHONE = "+8613800138000"
INDEX = (
    "INSERT INTO identity_keys (e164, connection, external_kind, external_id, last8, display_name, seen_at)"
    " VALUES ('+8613800138000', 'crm', 'customer', '003', '00138000', '=张三', now())"
)


class Console:
    """The command line of an installation of one administrator."""

    def __init__(self, url: str, folder: Path) -> None:
        settings = Settings(database_url=SecretStr(url), data_dir=folder / "data", second_person="")
        self._app = command_line.build(Tieline(settings))

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(self._app, words)


def test_a_person_is_copied_counted_erased_and_let_back(database_url: str, tmp_path: Path) -> None:
    console = Console(database_url, tmp_path)
    with psycopg.connect(database_url, autocommit=True) as database:
        database.execute(INDEX)
        who = ("--phone", "138 0013 8000", "--reason", "case 17")
        copied = console.run("privacy", "export", str(tmp_path / "copy.json"), *who, "--tables", str(tmp_path / "tables"))
        assert (copied.exit_code, copied.stdout) == (0, "1 rows.\n")
        assert json.loads((tmp_path / "copy.json").read_text())["tables"]["identity_keys"][0]["display_name"] == "=张三"
        with (tmp_path / "tables" / "identity_keys.csv").open(encoding="utf-8-sig", newline="") as file:
            assert next(csv.DictReader(file))["display_name"] == "'=张三", "no spreadsheet calculates it"
        assert (tmp_path / "copy.json").stat().st_mode & 0o077 == 0

        assert "identity_keys 1\nWould go." in console.run("privacy", "erase", *who, "--dry-run").stdout
        erased = console.run("privacy", "erase", *who)
        assert (erased.exit_code, "Erase it there too: crm:003" in erased.stdout) == (0, True)
        assert database.execute("SELECT count(*) FROM identity_keys").fetchone() == (0,)
        erasure = erased.stdout.partition("Erased as ")[2].partition(".")[0]
        assert console.run("privacy", "lift", erasure, "--reason", "came back").exit_code == 0
        assert database.execute("SELECT count(*) FROM erased_marks").fetchone() == (0,)
        noted = database.execute("SELECT action, details ->> 'reason' FROM audit_entries ORDER BY seq").fetchall()
        assert noted == [
            ("privacy.exported", "case 17"),
            ("privacy.erased", "case 17"),
            ("privacy.erasure_lifted", "came back"),
        ]


def test_whom_a_backup_brought_back_is_erased_again(database_url: str, tmp_path: Path) -> None:
    console = Console(database_url, tmp_path)
    somebody_else = INDEX.replace("+8613800138000", "+8613900000001").replace("'003'", "'004'")
    with psycopg.connect(database_url, autocommit=True) as database:
        database.execute(INDEX)
        console.run("privacy", "erase", "--phone", PHONE, "--reason", "case 17")
        kept = tmp_path / "marks.txt"
        kept.write_text(console.run("privacy", "marks").stdout)
        assert len(kept.read_text().split()) == 2
        assert PHONE.removeprefix("+86") not in kept.read_text()
        database.execute("DELETE FROM erasures")
        for row in (INDEX, somebody_else):
            database.execute(row.encode())
        assert console.run("privacy", "reapply", str(kept)).stdout == "1 rows erased again.\n"
        assert database.execute("SELECT external_id FROM identity_keys").fetchall() == [("004",)]
        assert database.execute("SELECT count(*) FROM erased_marks").fetchone() == (2,)


def test_a_pack_is_written_and_secrets_are_checked_and_rotated(database_url: str, tmp_path: Path) -> None:
    console = Console(database_url, tmp_path)
    packed = console.run("privacy", "breach-pack", str(tmp_path / "pack"), "--since", "2026-01-01")
    assert (packed.exit_code, packed.stdout) == (
        0,
        "0 were shown data of 0, 0 times; 0 fields opened.\nThe audit trail is sound.\n",
    )
    assert sorted(file.name for file in (tmp_path / "pack").iterdir()) == ["pack.json", "who.csv", "whom.csv"]
    assert console.run("secrets", "check").stdout == "0 with the newest key.\n"
    rotated = console.run("secrets", "rotate", "--new-key")
    assert (rotated.exit_code, rotated.stdout) == (0, "0 changed, 0 had it already, 0 changed by somebody else meanwhile.\n")
    assert len((tmp_path / "data" / "secret.key").read_text().split()) == 2
    assert console.run("secrets", "rotate", "--sm4").exit_code == 2
