import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from tests.store import embedded_process as processes

from tieline.domain.errors import ConfigRefused
from tieline.store.embedded import EmbeddedPostgres

NEEDS_PROC = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the keeper in /proc")


@pytest.fixture
def data_dir(reachable_folder: Path) -> Path:
    return reachable_folder / "data"


@pytest.fixture
def folder(data_dir: Path) -> Path:
    return data_dir / "postgres"


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data_dir)
    yield server
    server.stop()


def note(url: str, text: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
        connection.execute("INSERT INTO notes VALUES (%s)", (text,))


def notes(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM notes")]


def test_it_starts_stops_and_keeps_what_was_written(server: EmbeddedPostgres, folder: Path) -> None:
    note(server.start(), "kept")
    assert server.stop()
    assert processes.has_ended(folder)
    assert notes(server.start()) == ["kept"]


def test_it_keeps_what_it_acknowledges_and_listens_to_this_machine_only(server: EmbeddedPostgres) -> None:
    names = ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses")
    with psycopg.connect(server.start()) as connection:
        settings = [connection.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in names]
        collation = connection.execute("SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'tieline'").fetchone()
        role = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    assert settings == [("on",), ("on",), ("on",), ("127.0.0.1",)]
    assert (collation, role) == (("b", "C.UTF-8"), (False,))


def test_only_the_password_opens_it_and_only_its_owner_may_read_that(server: EmbeddedPostgres, folder: Path) -> None:
    url = server.start()
    password = (folder / "password").read_text()
    assert not processes.answers(url.replace(password, "guess"))
    assert [oct((folder / name).stat().st_mode & 0o777) for name in (".", "password", "cluster")] == ["0o700", "0o600", "0o700"]


def test_its_log_holds_no_value_from_a_statement_that_failed(server: EmbeddedPostgres, folder: Path) -> None:
    with closing(psycopg.connect(server.start(), autocommit=True)) as connection:
        connection.execute("CREATE TABLE numbers (e164 text PRIMARY KEY CHECK (e164 <> ''), line int)")
        connection.execute("INSERT INTO numbers VALUES ('+8613800138000', 1)")
        for statement in (
            "INSERT INTO numbers VALUES ('+8613800138000', 1)",
            "SELECT '+8613800138000x'::int",
            "SELECT +8613800138000 FROM x",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement.encode())
    assert "13800138000" not in (folder / "server.log").read_text()


@pytest.mark.parametrize("name", ["with spaces", "呼叫中心 数据", 'it\'s "quoted" $HOME;', "long/" + "x" * 180 + "/" + "y" * 180])
def test_any_path_will_do(data_dir: Path, name: str) -> None:
    server = EmbeddedPostgres(data_dir / name)
    try:
        assert processes.answers(server.start())
    finally:
        assert server.stop()


def test_it_tells_what_takes_time(data_dir: Path) -> None:
    told: list[str] = []
    server = EmbeddedPostgres(data_dir, progress=told.append)
    server.start()
    server.stop()
    assert told == ["Setting up the embedded Postgres, once", "Starting the embedded Postgres"]


def test_processes_that_start_at_once_share_one_server(data_dir: Path, folder: Path) -> None:
    others = [processes.OtherProcess(data_dir) for _ in range(3)]
    urls = {other.started() for other in others}
    others.pop().end(signal.SIGINT)
    still_there = processes.answers(next(iter(urls)))
    for other in others:
        other.end(signal.SIGINT)
    assert (len(urls), still_there, processes.has_ended(folder)) == (1, True, True)


def test_ctrl_c_leaves_no_process(data_dir: Path, folder: Path) -> None:
    other = processes.OtherProcess(data_dir)
    other.started()
    other.end(signal.SIGINT)
    assert processes.has_ended(folder)


def test_after_kill_9_of_its_only_user_the_server_ends_by_itself_and_starts_again(
    data_dir: Path, folder: Path, server: EmbeddedPostgres
) -> None:
    other = processes.OtherProcess(data_dir)
    note(other.started(), "kept")
    other.end(signal.SIGKILL)
    assert processes.eventually(lambda: processes.has_ended(folder))
    assert notes(server.start()) == ["kept"]


def test_after_kill_9_of_one_user_the_other_goes_on(data_dir: Path, server: EmbeddedPostgres) -> None:
    other = processes.OtherProcess(data_dir)
    url = other.started()
    assert server.start() == url
    other.end(signal.SIGKILL)
    note(url, "undisturbed")
    assert notes(url) == ["undisturbed"]


def test_a_start_right_after_kill_9_waits_for_what_is_left(data_dir: Path, server: EmbeddedPostgres) -> None:
    other = processes.OtherProcess(data_dir)
    note(other.started(), "kept")
    other.end(signal.SIGKILL)
    assert notes(server.start()) == ["kept"]


def test_after_kill_9_of_postgres_it_comes_back_at_the_same_address_with_every_acknowledged_row(
    server: EmbeddedPostgres, folder: Path
) -> None:
    url = server.start()
    acknowledged = [f"row {number}" for number in range(50)]
    for text in acknowledged:
        note(url, text)
    processes.kill(processes.postmaster(folder))
    assert processes.eventually(lambda: processes.answers(url))
    assert notes(url) == acknowledged


def test_a_backend_that_outlives_postgres_is_waited_for(server: EmbeddedPostgres, folder: Path) -> None:
    url = server.start()
    note(url, "kept")
    with ThreadPoolExecutor(1) as aside, closing(psycopg.connect(url, autocommit=True)) as busy:
        counting = aside.submit(busy.execute, "SELECT count(*) FROM generate_series(1, 6000000)")
        assert processes.eventually(lambda: is_counting(url))
        processes.kill(processes.postmaster(folder))
        assert processes.eventually(lambda: processes.answers(url))
        assert counting.done(), "the new server runs beside a backend of the old one"
        counting.exception()
    assert notes(url) == ["kept"]


def is_counting(url: str) -> bool:
    with psycopg.connect(url) as connection:
        query = (
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%generate_series%' AND state = 'active' AND pid <> pg_backend_pid()"
        )
        return connection.execute(query).fetchone() is not None


@NEEDS_PROC
def test_after_kill_9_of_the_keeper_another_takes_its_place(server: EmbeddedPostgres, folder: Path) -> None:
    url = server.start()
    note(url, "kept")
    first = processes.keeper(folder)
    processes.kill(first)
    assert processes.eventually(lambda: processes.keeper(folder) not in {None, first} and processes.answers(url))
    assert (notes(url), server.stop(), processes.has_ended(folder)) == (["kept"], True, True)


@NEEDS_PROC
def test_after_kill_9_of_everything_at_once_it_starts_again(data_dir: Path, folder: Path, server: EmbeddedPostgres) -> None:
    other = processes.OtherProcess(data_dir)
    note(other.started(), "kept")
    for process_id in (processes.keeper(folder), processes.postmaster(folder)):
        processes.kill(process_id)
    other.end(signal.SIGKILL)
    assert notes(server.start()) == ["kept"]


def test_a_stale_pid_file_that_names_a_living_process_does_not_matter(server: EmbeddedPostgres, folder: Path) -> None:
    note(server.start(), "kept")
    pid_file = folder / "cluster" / "postmaster.pid"
    pid, rest = pid_file.read_text().split("\n", 1)
    owner = pid_file.stat().st_uid
    server.stop()
    with subprocess.Popen(["sleep", "60"], user=owner) as recycled:  # noqa: S607 - any living process of the same user
        pid_file.write_text(f"{recycled.pid}\n{rest}")
        os.chown(pid_file, owner, -1)
        assert notes(server.start()) == ["kept"]
        recycled.kill()
    assert pid != str(recycled.pid)


def test_a_setup_that_was_cut_off_begins_anew(server: EmbeddedPostgres, folder: Path) -> None:
    half = folder / "cluster.part" / "base"
    half.mkdir(parents=True)
    (folder / "password.part").write_text("half")
    assert processes.answers(server.start())
    assert not half.exists()


def test_a_port_somebody_took_meanwhile_is_given_up(server: EmbeddedPostgres, folder: Path) -> None:
    server.start()
    server.stop()
    taken = int((folder / "port").read_text())
    with socket.create_server(("127.0.0.1", taken)):
        url = server.start()
        assert processes.answers(url)
    assert f":{taken}/" not in url


def test_a_server_that_cannot_start_says_why_in_one_sentence_and_leaves_nothing(data_dir: Path, folder: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings={"shared_buffers": "a lot"})
    with pytest.raises(ConfigRefused, match=r"did not start.*shared_buffers"):
        server.start()
    assert processes.eventually(lambda: processes.has_ended(folder))
    assert not server.stop()


def test_data_of_another_version_are_left_alone(server: EmbeddedPostgres, folder: Path) -> None:
    server.start()
    server.stop()
    (folder / "cluster" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ConfigRefused, match="written by Postgres 17"):
        server.start()


def test_a_data_directory_that_cannot_be_made_is_refused_in_one_sentence(data_dir: Path) -> None:
    data_dir.write_text("a file, not a folder")
    with pytest.raises(ConfigRefused, match=r"cannot use .*/data"):
        EmbeddedPostgres(data_dir).start()
