from pathlib import Path

import pytest
from tests.connectors import sample

from tieline.connectors.registry import Catalog
from tieline.domain.errors import ManifestInvalid


def test_connectors_are_found_by_id_in_the_roots_in_order(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    sample.write_folder(first)
    sample.write_folder(second)
    catalog = Catalog([first, second])
    assert catalog.find("acme_helpdesk").folder == (first / "acme_helpdesk").resolve()
    assert [connector.folder.name for connector in catalog.list()] == ["acme_helpdesk"]


@pytest.mark.parametrize("written", ["./acme_helpdesk", "../conf/acme_helpdesk", "{absolute}"])
def test_a_folder_outside_is_found_relative_to_the_file_that_names_it(tmp_path: Path, written: str) -> None:
    folder = sample.write_folder(tmp_path / "conf")
    found = Catalog([]).find(written.format(absolute=folder), relative_to=tmp_path / "conf")
    assert found.manifest.name == "Acme Helpdesk"


@pytest.mark.parametrize("written", ["./nothing", "nothing", "../../etc", ""])
def test_what_is_not_there_is_told(tmp_path: Path, written: str) -> None:
    with pytest.raises(ManifestInvalid):
        Catalog([tmp_path]).find(written, relative_to=tmp_path)


def test_listing_reads_no_manifest_and_finding_reads_it_once(tmp_path: Path) -> None:
    sample.write_folder(tmp_path, {"connector.yaml": "schema: nonsense\n"})
    catalog = Catalog([tmp_path])
    assert len(catalog.list()) == 1
    with pytest.raises(ManifestInvalid) as caught:
        catalog.find("acme_helpdesk")
    assert "connector.yaml:1: " in caught.value.detail


def test_a_manifest_is_read_once_until_it_is_changed(tmp_path: Path) -> None:
    sample.write_folder(tmp_path)
    catalog = Catalog([tmp_path])
    first = catalog.find("acme_helpdesk")
    assert catalog.find("acme_helpdesk") is first
    sample.write_folder(tmp_path, {"connector.yaml": sample.MANIFEST.replace("Acme Helpdesk", "Acme Service")})
    assert catalog.find("acme_helpdesk").manifest.name == "Acme Service"


def test_the_stamps_change_with_either_file_and_with_nothing_else(tmp_path: Path) -> None:
    folder = sample.write_folder(tmp_path)
    connector = Catalog([tmp_path]).find("acme_helpdesk")
    seen = [connector.stamps, connector.stamps]
    (folder / "README.md").write_text("Read me.")
    seen.append(connector.stamps)
    assert len(set(seen)) == 1
    (folder / "mapping.yaml").write_text(sample.MAPPING + "order: {rows: {id: {from: id}}}\n")
    seen.append(connector.stamps)
    (folder / "connector.yaml").write_text(sample.MANIFEST + "# edited\n")
    seen.append(connector.stamps)
    (folder / "mapping.yaml").unlink()
    seen.append(connector.stamps)
    assert len(set(seen)) == 4


def test_loading_a_strangers_folder_runs_nothing(tmp_path: Path) -> None:
    folder = sample.write_folder(tmp_path, {"hooks.py": "raise SystemExit('ran')\n", "__init__.py": "raise SystemExit('ran')\n"})
    assert Catalog([]).find(str(folder)).manifest.id == "acme_helpdesk"
