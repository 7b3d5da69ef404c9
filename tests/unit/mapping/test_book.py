"""A connector's mapping.yaml, and a company's own rows on top of it."""

from pathlib import Path

import pytest

from tieline.domain.errors import MappingInvalid
from tieline.kit.yaml_lines import load_with_lines
from tieline.mapping.book import load_book
from tieline.mapping.source import RowSource

BOOK = """\
customer:
  rows:
    name: {field: full_name}
    tier: {field: grade, values: {high_value: A}}
ticket:
  rows:
    subject: {field: title}
"""


def book_file(tmp_path: Path, text: str = BOOK) -> Path:
    folder = tmp_path / "acme"
    folder.mkdir()
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_book_has_a_mapping_for_each_kind(tmp_path: Path) -> None:
    book = load_book(book_file(tmp_path))
    assert {kind: mapping.kind for kind, mapping in book.items()} == {"customer": "customer", "ticket": "ticket"}
    assert book["customer"].read({"id": 1, "full_name": "Li", "grade": "A"}) == {"id": "1", "name": "Li", "tier": "high_value"}


@pytest.mark.parametrize("text", ["", "# nothing is mapped\n"])
def test_an_empty_book_maps_nothing(tmp_path: Path, text: str) -> None:
    assert load_book(book_file(tmp_path, text)) == {}


def test_an_override_replaces_the_row_of_its_name_and_leaves_the_others(tmp_path: Path) -> None:
    tier = {"from": "Tier__c", "values": {"Gold": "high_value", "*": "regular"}}
    mapping = load_book(book_file(tmp_path), {"customer": {"rows": {"tier": tier}}})["customer"]
    assert mapping.read({"id": 1, "full_name": "Li", "grade": "A", "Tier__c": "Tin"}) == {
        "id": "1",
        "name": "Li",
        "tier": "regular",
    }


def test_an_override_adds_rows_and_kinds(tmp_path: Path) -> None:
    book = load_book(
        book_file(tmp_path), {"customer": {"rows": {"city": {"field": "c"}}}, "order": {"rows": {"number": {"field": "n"}}}}
    )
    assert book["customer"].writes == {"name", "tier", "city"}
    assert book["order"].writes == {"number"}


def test_an_override_of_null_removes_a_row(tmp_path: Path) -> None:
    assert load_book(book_file(tmp_path), {"customer": {"rows": {"tier": None}}})["customer"].writes == {"name"}


def test_removing_a_row_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingInvalid) as caught:
        load_book(book_file(tmp_path), {"customer": {"rows": {"teir": None}}})
    assert (caught.value.code, caught.value.where) == ("mapping_conflict", "mapping overrides, row customer.teir")


def test_a_bad_override_names_the_file_it_came_from_and_its_line(tmp_path: Path) -> None:
    apply_file = tmp_path / "house.yaml"
    apply_file.write_text("version: 1\nmappings:\n  crm:\n    customer:\n      rows:\n        tier:\n          from: b..c\n")
    tree, lines = load_with_lines(apply_file)
    assert isinstance(tree, dict)
    source = RowSource("house.yaml", lines, ("mappings", "crm"))
    with pytest.raises(MappingInvalid) as caught:
        load_book(book_file(tmp_path), tree["mappings"]["crm"], overrides_from=source)
    assert caught.value.where == "house.yaml, line 7, row customer.tier"


def test_a_default_row_that_clashes_with_an_override_is_found(tmp_path: Path) -> None:
    with pytest.raises(MappingInvalid, match="the row name writes to the same place") as caught:
        load_book(book_file(tmp_path), {"customer": {"rows": {"city": {"field": "full_name"}}}})
    assert caught.value.where == "mapping overrides, row customer.city"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("- a\n", "acme/mapping.yaml, line 1, kind *"),
        ("customer: []\n", "acme/mapping.yaml, line 1, kind customer"),
        ("\ncustomer:\n  rows: {}\n  extra: 1\n", "acme/mapping.yaml, line 2, kind customer"),
        ("customer:\n  rows: [a]\n", "acme/mapping.yaml, line 1, kind customer"),
        ("customer:\n  rows:\n    name: {field: a}\n    name: {field: b}\n", "acme/mapping.yaml, line 4"),
        ("customer:\n  rows: &x\n    name: {field: a}\n", "acme/mapping.yaml, line 2"),
    ],
)
def test_a_book_of_another_shape_is_refused_with_its_line(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(MappingInvalid) as caught:
        load_book(book_file(tmp_path, text))
    assert caught.value.where == where


def test_a_missing_file_is_refused_without_telling_where_we_looked(tmp_path: Path) -> None:
    with pytest.raises(MappingInvalid, match=r"^lotus/mapping\.yaml: the file cannot be read$"):
        load_book(tmp_path / "lotus" / "mapping.yaml")


LOCAL = """
ticket:
  rows:
    opened_at: {from: opened, as: "time(%Y-%m-%d %H:%M, $config.timezone)"}
"""


def test_a_codec_takes_what_the_connections_form_says(tmp_path: Path) -> None:
    mapping = load_book(book_file(tmp_path, LOCAL), config={"timezone": "Asia/Shanghai"})["ticket"]
    assert mapping.read({"id": "1", "opened": "2026-01-02 11:04"})["opened_at"].isoformat() == "2026-01-02T03:04:00+00:00"


@pytest.mark.parametrize("config", [{}, {"timezone": None}, {"timezone": "UTC) | const(x"}])
def test_a_setting_that_is_missing_or_no_plain_word_is_refused_with_its_row(tmp_path: Path, config: dict[str, object]) -> None:
    with pytest.raises(MappingInvalid, match="timezone") as caught:
        load_book(book_file(tmp_path, LOCAL), config=config)
    assert (caught.value.code, "opened_at" in caught.value.where) == ("codec_invalid", True)
