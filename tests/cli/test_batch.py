"""`tieline import` and `tieline export` as an administrator runs them."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psycopg
from tests.batch.sftp_server import PASSWORD, elsewhere

SET_UP = """
version: 1
lines: {"+861065543800": {name: Support}}
agents: {"1001": {name: Li Wei, role: agent}}
"""
CONNECTION = "INSERT INTO connections (name, connector, config, updated_at) VALUES ('crm', 'lotus_crm', '{}', now())"


def run(folder: Path, url: str, *words: str, **settings: str) -> tuple[int, str, str]:
    """Run a command; return how it ended and what it said on both streams."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIELINE_")}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "tieline", *words],
        cwd=folder,
        env={**inherited, "TIELINE_DATABASE_URL": url, "TIELINE_DATA_DIR": str(folder / "kept"), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_numbers_in_and_out_again(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "tieline.yaml").write_text(SET_UP)
    assert run(tmp_path, database_url, "apply", "tieline.yaml")[0] == 0
    with psycopg.connect(database_url) as connection:
        connection.execute(CONNECTION.encode())
    file = tmp_path / "customers.csv"
    file.write_bytes("手机,编号,name\n13800138000,7,张三\n1.38E+10,8,李四\n".encode("gb18030"))
    columns = ("--encoding", "gb18030", "--column", "phone=手机", "--column", "external_id=编号", "--connection", "crm")
    ended, told, wrong = run(tmp_path, database_url, "import", "phones", "customers.csv", *columns)
    assert (ended, told) == (
        2,
        "2 rows read, 1 taken, 1 rejected; 1 index entries new or changed.\nWhy: customers.csv.rejects.csv\n",
    )
    assert "Traceback" not in wrong
    assert "13800138000" not in wrong + (tmp_path / "customers.csv.rejects.csv").read_text()
    assert run(tmp_path, database_url, "export", "phones", "out.jsonl")[:2] == (0, "1 rows written.\n")
    assert '"phone":"+8613800138000"' in (tmp_path / "out.jsonl").read_text()
    ended, told, wrong = run(tmp_path, database_url, "import", "phones", "customers.csv", "--connection", "crm")
    assert (ended, told) == (1, "")
    assert "the file is written in another character set Say which, such as --encoding gb18030." in wrong


async def test_numbers_from_another_machine(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(CONNECTION.encode())
    (tmp_path / "elsewhere").mkdir()
    async with elsewhere(tmp_path / "elsewhere") as machine:
        (machine.folder / "customers.csv").write_text("phone,external_id\n+8613800138000,7\n1.38E+10,8\n")
        (tmp_path / "known_hosts").write_text(machine.key)
        settings = {
            "TIELINE_PRIVATE_NETWORKS": f"127.0.0.1=127.0.0.0/8:{machine.port}",
            "TIELINE_SFTP_KNOWN_HOSTS": "known_hosts",
            "TIELINE_SFTP_PASSWORD": PASSWORD,
        }
        words = ("import", "phones", machine.url("customers.csv"), "--connection", "crm")
        ended, told, wrong = await asyncio.to_thread(run, tmp_path, database_url, *words, **settings)
    assert (ended, told) == (
        2,
        "2 rows read, 1 taken, 1 rejected; 1 index entries new or changed.\nWhy: customers.csv.rejects.csv\n",
    )
    assert (tmp_path / "customers.csv.rejects.csv").exists()
    assert not any(word in wrong for word in ("Traceback", PASSWORD))
