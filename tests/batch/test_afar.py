"""Files from and to another machine, over a real SSH connection: its key is known, and no file is ever seen half."""

import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from tests.batch.conftest import CONSOLE, Desk
from tests.batch.sftp_server import PASSWORD, Elsewhere, elsewhere

from tieline.connectors.wire import sftp
from tieline.domain.errors import (
    ConfigRefused,
    EgressForbidden,
    StateConflict,
    TielineError,
    VendorMisconfigured,
    VendorTimeout,
    VendorUnavailable,
)
from tieline.security.egress import Egress
from tieline.services.batch import afar
from tieline.services.batch.exporting import ExportWish
from tieline.services.batch.importing import ImportWish, Tally

CUSTOMERS = "phone,external_id,name\n13800138000,7,张三\n1.38E+10,8,李四\n"


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Elsewhere]:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    async with elsewhere(folder) as running:
        yield running


@pytest.fixture
def access(machine: Elsewhere, tmp_path: Path) -> afar.Access:
    known = tmp_path / "known_hosts"
    known.write_text(machine.key)
    return afar.Access(Egress.parse(f"127.0.0.1=127.0.0.0/8:{machine.port}"), known, None, PASSWORD)


async def bring(desk: Desk, source: str, access: afar.Access) -> Tally:
    wish = ImportWish(Path("customers.csv"), desk.rejects, connection="crm")
    return await afar.import_phones(desk.house, wish, source, access, asker=CONSOLE, told=lambda _tally: None)


async def send(desk: Desk, to: str, access: afar.Access, *, force: bool = False) -> int:
    wish = ExportWish("phones", Path("phones.csv"), replace=force)
    return await afar.export(desk.house, wish, to, access, asker=CONSOLE, told=lambda _rows: None)


async def test_a_file_elsewhere_is_imported_like_one_here(
    desk: Desk, machine: Elsewhere, access: afar.Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "between").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "between"))
    (machine.folder / "customers.csv").write_text(CUSTOMERS)
    tally = await bring(desk, machine.url("customers.csv"), access)
    assert (tally.read, tally.taken, tally.rejected) == (2, 1, 1)
    assert (await desk.numbers(), desk.faults()) == (["+8613800138000"], [("3", "phone", "kept_as_number")])
    assert (await bring(desk, machine.url("customers.csv"), access)).before is not None
    assert list((tmp_path / "between").iterdir()) == []


async def test_what_is_exported_appears_elsewhere_when_it_is_whole(desk: Desk, machine: Elsewhere, access: afar.Access) -> None:
    await desk.import_text(CUSTOMERS)
    assert await send(desk, machine.url("phones.csv"), access) == 1
    (before,) = machine.names
    assert [(name.startswith(".phones.csv."), name.endswith(".part")) for name in before] == [(True, True)]
    assert sorted(each.name for each in machine.folder.iterdir()) == ["phones.csv"]
    assert "'+8613800138000" in (machine.folder / "phones.csv").read_text("utf-8-sig")
    assert await desk.rows("SELECT details->>'to' FROM audit_entries WHERE action = 'export.begun'") == [("127.0.0.1",)]


@pytest.mark.parametrize("knows_posix_rename", [True, False])
async def test_what_stands_there_is_replaced_only_on_demand(
    desk: Desk,
    machine: Elsewhere,
    access: afar.Access,
    knows_posix_rename: bool,  # noqa: FBT001 - a table's column
) -> None:
    machine.knows_posix_rename = knows_posix_rename
    there = machine.folder / "phones.csv"
    there.write_text("old")
    with pytest.raises(StateConflict):
        await send(desk, machine.url("phones.csv"), access)
    assert there.read_text() == "old"
    await send(desk, machine.url("phones.csv"), access, force=True)
    assert there.read_text("utf-8-sig").startswith('"phone"')
    assert sorted(each.name for each in machine.folder.iterdir()) == ["phones.csv"]


async def test_an_upload_that_breaks_leaves_nothing_under_the_name(desk: Desk, machine: Elsewhere, access: afar.Access) -> None:
    def full() -> None:
        raise asyncssh.SFTPNoSpaceOnFilesystem("no room")

    machine.on_write = full
    with pytest.raises(VendorUnavailable):
        await send(desk, machine.url("phones.csv"), access)
    assert list(machine.folder.iterdir()) == []


async def test_a_file_that_is_still_being_written_is_left_alone(desk: Desk, machine: Elsewhere, access: afar.Access) -> None:
    file = machine.folder / "customers.csv"
    file.write_text(CUSTOMERS)
    machine.on_read = lambda: os.utime(file, (1, 1))
    with pytest.raises(StateConflict) as caught:
        await bring(desk, machine.url("customers.csv"), access)
    assert (caught.value.code, await desk.numbers()) == ("file_in_flux", [])


@pytest.mark.parametrize("known", ["another", "none", "another machine's"])
async def test_only_the_machine_whose_key_was_written_down_is_spoken_to(
    desk: Desk, machine: Elsewhere, access: afar.Access, known: str
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    lines = {
        "another": f"[127.0.0.1]:{machine.port} {other}",
        "none": "",
        "another machine's": machine.key.replace("127.0.0.1", "sftp.example.com"),
    }
    assert access.known_hosts is not None
    access.known_hosts.write_text(lines[known])
    with pytest.raises(VendorMisconfigured) as caught:
        await bring(desk, machine.url("customers.csv"), access)
    assert (caught.value.code, machine.sign_ins) == ("upstream_host_key", [])


async def test_a_wrong_password_is_told(desk: Desk, machine: Elsewhere, access: afar.Access) -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        await bring(desk, machine.url("customers.csv"), replace(access, password="wrong"))
    assert caught.value.code == "upstream_credentials"


async def test_a_missing_file_is_told(desk: Desk, machine: Elsewhere, access: afar.Access) -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        await bring(desk, machine.url("customers.csv"), access)
    assert caught.value.code == "file_missing"


async def test_a_machine_that_falls_silent_is_given_up(
    desk: Desk, machine: Elsewhere, access: afar.Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine.folder / "customers.csv").write_text(CUSTOMERS)
    machine.silent = True
    monkeypatch.setattr(sftp, "ANSWER_WITHIN_S", 0.5)
    with pytest.raises(VendorTimeout):
        await bring(desk, machine.url("customers.csv"), access)


async def test_only_an_address_that_may_be_called_is_dialled(desk: Desk, machine: Elsewhere, access: afar.Access) -> None:
    with pytest.raises(EgressForbidden):
        await bring(desk, machine.url("customers.csv"), replace(access, egress=Egress()))
    assert machine.sign_ins == []


async def test_nobody_is_believed_at_first_sight(desk: Desk, machine: Elsewhere, access: afar.Access) -> None:
    with pytest.raises(ConfigRefused):
        await bring(desk, machine.url("customers.csv"), replace(access, known_hosts=None))
    with pytest.raises(ConfigRefused):
        await bring(desk, machine.url("customers.csv"), replace(access, known_hosts=Path("/nowhere")))
    assert machine.sign_ins == []


async def test_a_key_signs_in_as_well_as_a_password(desk: Desk, machine: Elsewhere, access: afar.Access, tmp_path: Path) -> None:
    (machine.folder / "customers.csv").write_text(CUSTOMERS)
    key, file = asyncssh.generate_private_key("ssh-ed25519"), tmp_path / "key"
    key.write_private_key(file)
    machine.authorized = key.convert_to_public()
    assert (await bring(desk, machine.url("customers.csv"), replace(access, key_file=file, password=None))).taken == 1
    assert set(machine.sign_ins) == {"tieline by key"}
    file.write_text("no key")
    with pytest.raises(ConfigRefused):
        await bring(desk, machine.url("customers.csv"), replace(access, key_file=file))


@pytest.mark.parametrize(
    "text",
    [
        "sftp://sftp.example.com/customers.csv",
        "sftp://tieline:secret@sftp.example.com/customers.csv",
        "sftp://tieline@sftp.example.com/folder/",
        "sftp://tieline@sftp.example.com",
        "sftp://tieline@sftp.example.com:2222/customers.csv",
        "sftp://tieline@10.0.0.1/customers.csv",
        "https://tieline@sftp.example.com/customers.csv",
    ],
)
def test_an_address_is_written_in_one_way(text: str) -> None:
    with pytest.raises(TielineError) as caught:
        afar.FarFile.parse(text, Egress())
    assert "secret" not in f"{caught.value.detail} {caught.value.hint}"


@pytest.mark.parametrize(("written", "path"), [("in/a b.csv", "/in/a b.csv"), ("~/客户.csv", "客户.csv")])
def test_a_path_is_taken_as_it_stands(written: str, path: str) -> None:
    file = afar.FarFile.parse(f"sftp://tieline@sftp.example.com/{written}", Egress())
    assert (file.path, file.target.port) == (path, 22)
