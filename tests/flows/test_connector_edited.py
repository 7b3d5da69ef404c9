"""A connector's folder is edited while the server runs: it holds once a file is applied, and a slip takes nothing away."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.flows.door import KNOWN, json_of, patiently
from tests.flows.house import RunningHouse, open_house
from tests.flows.sandbox import Sandbox

from tieline.cli.demo_setup import apply_file
from tieline.connectors.connection import VendorConnection
from tieline.connectors.registry import PACKAGED_CATALOG
from tieline.domain.errors import TielineError
from tieline.kit.yaml_lines import load_with_lines


def with_own_folder(sandbox: Sandbox, folder: Path) -> str:
    """Return the demo's file with the CRM's connector in a folder of the administrator's."""
    shutil.copytree(PACKAGED_CATALOG / "lotus_crm", folder / "connectors/lotus_crm")
    wanted = yaml.safe_load(apply_file(sandbox.places))
    wanted["connections"]["crm"]["connector"] = "./connectors/lotus_crm"
    return str(yaml.safe_dump(wanted, allow_unicode=True))


@pytest.fixture
async def house(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[RunningHouse]:
    async with open_house(database_url, tmp_path, sandbox, set_up=with_own_folder(sandbox, tmp_path)) as running:
        yield running


def edit(house: RunningHouse, name: str, change: dict[str, Any]) -> None:
    """Lay a tree over a file of the connector."""
    file = house.folder / "connectors/lotus_crm" / name
    tree: Any = load_with_lines(file).tree  # Our own reader: PyYAML's in Python takes no `?` at the end of a word.
    laid_over(tree, change)
    file.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), encoding="utf-8")


def laid_over(tree: dict[str, Any], change: dict[str, Any]) -> None:
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            laid_over(tree[key], value)
        else:
            tree[key] = value


def opened(house: RunningHouse, name: str = "crm") -> VendorConnection:
    return house.house.directory.now.connections[name]


async def apply_again(house: RunningHouse) -> None:
    """Apply the very same file, and wait until the server has opened the CRM anew."""
    before, text = opened(house), (house.folder / "tieline.yaml").read_text(encoding="utf-8")
    assert {change.verb for change in await house.apply(text)} == {"keep"}
    async for _ in patiently("the connection was never opened anew"):
        if opened(house) is not before:
            return


async def test_new_mapping_rows_hold_once_the_file_is_applied_again(house: RunningHouse) -> None:
    before = (await house.pop(KNOWN))["customer"]["company"]
    edit(house, "mapping.yaml", {"customer": {"rows": {"company": {"from": "segment"}}}})
    await apply_again(house)
    await house.forget_answers()
    assert (before, (await house.pop(KNOWN))["customer"]["company"]) == (None, "VIP")


async def test_a_new_manifest_holds_and_the_other_connections_stay_open(house: RunningHouse) -> None:
    erp = opened(house, "erp")
    edit(house, "connector.yaml", {"name": "Lotus, edited"})
    await apply_again(house)
    assert opened(house).connector.manifest.name == "Lotus, edited"
    assert opened(house, "erp") is erp


@pytest.mark.parametrize(
    ("name", "slip", "code"),
    [
        ("connector.yaml", {"auth": {"kind": "magic"}}, "manifest_invalid"),
        ("mapping.yaml", {"customer": {"rows": {"company": {"from": "org", "as": "nonsense"}}}}, "codec_invalid"),
    ],
)
async def test_a_slip_in_a_file_is_told_and_takes_no_working_system_away(
    house: RunningHouse, name: str, slip: dict[str, Any], code: str
) -> None:
    before = opened(house)
    edit(house, name, slip)
    with pytest.raises(TielineError, match=name):
        await house.apply((house.folder / "tieline.yaml").read_text(encoding="utf-8"))
    await house.house.directory.reload()
    assert opened(house) is before
    assert (await house.pop(KNOWN))["customer"]["name"]
    (crm,) = [one for one in json_of(await house.client.get("/v1/connections"))["items"] if one["name"] == "crm"]
    assert (crm["standing"], crm["fault"]) == ("up", code)


async def test_a_slip_put_right_is_forgotten(house: RunningHouse) -> None:
    edit(house, "connector.yaml", {"name": 7})
    await house.house.directory.reload()
    assert set(house.house.directory.faults) == {"crm"}
    edit(house, "connector.yaml", {"name": "Lotus again"})
    await house.house.directory.reload()
    assert (house.house.directory.faults, opened(house).connector.manifest.name) == ({}, "Lotus again")


async def test_a_folder_that_is_gone_takes_no_working_system_away(house: RunningHouse) -> None:
    before = opened(house)
    shutil.rmtree(house.folder / "connectors")
    await house.house.directory.reload()
    assert opened(house) is before
    assert set(house.house.directory.faults) == {"crm"}


async def test_a_field_the_vendor_changed_is_lost_alone_and_its_connection_is_called_degraded(house: RunningHouse) -> None:
    edit(house, "mapping.yaml", {"customer": {"rows": {"registered_at": {"from": "full_name", "as": "iso"}}}})
    await apply_again(house)
    for _ in range(3):
        await house.forget_answers()
        assert (await house.pop(KNOWN))["customer"]["name"]
    shown = json_of(await house.client.get("/v1/connections/crm/health"))
    assert (shown["standing"], shown["drifted"]) == ("degraded", ["customer.registered_at"])
    assert json_of(await house.client.get("/v1/connections/erp/health"))["standing"] == "up"
