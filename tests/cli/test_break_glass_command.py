"""`tieline breakglass` as an operator runs it, with the password on standard input."""

from pathlib import Path

import psycopg
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from tieline.cli import app as command_line
from tieline.main import Tieline
from tieline.settings import Settings

FIRST, SECOND = "correct horse battery", "staple correct horse"


def test_an_administrator_is_set_renewed_and_taken_away(database_url: str, tmp_path: Path) -> None:
    app = command_line.build(Tieline(Settings(database_url=SecretStr(database_url), data_dir=tmp_path)))

    def run(*words: str, password: str = "") -> Result:
        return CliRunner().invoke(app, ["breakglass", *words], input=f"{password}\n")

    assert run("rotate", "mei", password=FIRST).exit_code == 1, "there is none yet"
    first = run("set", "mei", password=FIRST)
    assert first.exit_code == 0
    assert first.stdout.startswith("otpauth://totp/Tieline:mei?secret=")
    assert FIRST not in first.output
    assert "TIELINE_BREAK_GLASS_NETWORKS" in first.stderr
    assert run("set", "mei", password=SECOND).exit_code == 1, "a second set would be a quiet rotation"
    assert run("set", "Mei Li", password=SECOND).exit_code == 1
    assert run("set", "lan", password="too short").exit_code == 1
    second = run("rotate", "mei", password=SECOND)
    assert second.stdout.startswith("otpauth://totp/Tieline:mei?secret=")
    assert second.stdout != first.stdout
    assert run("off").stdout == "1 taken away: mei.\n"
    assert run("off").stdout == "There was none.\n"
    with psycopg.connect(database_url) as database:
        told = database.execute("SELECT actor, action, subject FROM audit_entries ORDER BY seq").fetchall()
        kept = database.execute("SELECT count(*) FROM local_admins").fetchone()
    assert told == [("console", f"local_admin.{verb}", "admin:mei") for verb in ("set", "rotated", "removed")]
    assert kept == (0,)
