"""Rows for a share of the agents: what is kept of them, and which mapping each agent is served with."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from tieline.domain.errors import MappingInvalid
from tieline.services.gray_mappings import Kept, MappingEntry, open_books

OWN = "customer:\n  rows:\n    id: {from: id}\n    name: {from: own}\n"
RELEASE = {"percent": 10, "release": "autumn"}


def entry(path: str, gray: dict[str, object] | None = None) -> MappingEntry:
    return MappingEntry.model_validate({"rows": {"name": {"from": path}}, "gray": gray})


def names(folder: Path, kept: Kept) -> tuple[str, str]:
    """Return what a record's name is read from, for everybody and for the agents of the release."""
    file = folder / "mapping.yaml"
    file.write_text(OWN, encoding="utf-8")
    books = open_books(file, {"customer": kept}, connection="crm", config={})
    record = {"id": "1", **{path: path for path in ("own", "old", "new")}}
    gray = books.gray.get("customer")
    return books.standing["customer"].read(record)["name"], gray.mapping.read(record)["name"] if gray else ""


def test_rows_without_a_release_are_everybodys(tmp_path: Path) -> None:
    kept = entry("new").kept(None)
    assert kept == {"rows": {"name": {"from": "new"}}}
    assert names(tmp_path, kept) == ("new", "")


def test_the_first_release_leaves_everybody_else_the_connectors_own_rows(tmp_path: Path) -> None:
    assert names(tmp_path, entry("new", RELEASE).kept(None)) == ("own", "new")


def test_a_release_keeps_the_rows_that_held_before_it(tmp_path: Path) -> None:
    kept = entry("new", RELEASE).kept(entry("old").kept(None))
    assert names(tmp_path, kept) == ("old", "new")


def test_a_release_changed_while_it_runs_keeps_what_held_before_the_first(tmp_path: Path) -> None:
    first = entry("new", RELEASE).kept(entry("old").kept(None))
    second = entry("own", {**RELEASE, "percent": 50}).kept(first)
    assert names(tmp_path, second) == ("old", "own")


def test_the_same_entry_again_is_the_same() -> None:
    kept = entry("new", RELEASE).kept(entry("old").kept(None))
    assert entry("new", RELEASE).kept(kept) == kept


def test_without_gray_the_rows_of_a_release_are_everybodys(tmp_path: Path) -> None:
    kept = entry("new").kept(entry("new", RELEASE).kept(None))
    assert names(tmp_path, kept) == ("new", "")


def test_an_unnamed_release_is_named_for_what_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(OWN, encoding="utf-8")
    books = open_books(file, {"customer": entry("new", {"percent": 10}).kept(None)}, connection="crm", config={})
    assert books.gray["customer"].release.name == "crm.customer"


def test_a_bad_row_of_a_release_is_told_like_any_other(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(OWN, encoding="utf-8")
    bad = MappingEntry.model_validate({"rows": {"name": {"from": "x", "as": "no_such_codec"}}, "gray": RELEASE}).kept(None)
    with pytest.raises(MappingInvalid, match="name"):
        open_books(file, {"customer": bad}, connection="crm", config={})


@pytest.mark.parametrize("gray", [{"percent": -1}, {"percent": 101}, {"percent": 10, "release": "a\nb"}, {}])
def test_what_is_no_share_is_refused(gray: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        entry("new", gray)


def test_a_connector_without_a_mapping_has_none(tmp_path: Path) -> None:
    assert open_books(tmp_path / "mapping.yaml", {}, connection="crm", config={}).standing == {}
