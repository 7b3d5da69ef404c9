"""What is wrong with a row is said when it is loaded: file, line, row, and a code for machines."""

from pathlib import Path

import pytest

from tieline.domain.errors import MappingInvalid
from tieline.mapping.book import load_book
from tieline.mapping.compile import compile_rows
from tieline.mapping.record import RecordMapping
from tieline.mapping.source import RowSource


def refusal(tmp_path: Path, rows: str, kind: str = "ticket") -> MappingInvalid:
    """Load `rows`, each indented by four, and return the complaint; the first row stands on line 3."""
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "mapping.yaml").write_text(f"{kind}:\n  rows:\n{rows}", encoding="utf-8")
    with pytest.raises(MappingInvalid) as caught:
        load_book(folder / "mapping.yaml")
    return caught.value


def compiled(**rows: object) -> RecordMapping:
    return compile_rows(rows, kind="ticket", source=RowSource("test"))


SHAPES = [
    ("    subject: title\n", 3, "mapping_invalid", "a row is written"),
    ("    subject: {}\n", 3, "mapping_invalid", "a row needs"),
    ("    subject: {field: a, from: b}\n", 3, "mapping_invalid", "use `from` and `to`"),
    ("    subject:\n      field: a\n      wirte: append\n", 5, "mapping_invalid", "wirte: Extra inputs"),
    (
        "    subject:\n      field: a\n      write: sometimes\n",
        5,
        "mapping_invalid",
        "write: Input should be 'overwrite', 'if_new'",
    ),
    ("    subject:\n      field: a\n      name: subject\n", 5, "mapping_invalid", "named by its key"),
    ("    subject:\n      field: 5\n", 4, "mapping_invalid", "field: Input should be a valid string"),
    ("    subject:\n      required: yes\n      field: a\n", 4, "mapping_invalid", "required: Input should be a valid boolean"),
    ("    subject: {from: a, write: append}\n", 3, "mapping_invalid", "no `write` mode"),
    ("    due_at: {field: a, write: append}\n", 3, "mapping_invalid", "only text can be appended to"),
    ("    priority: {field: a, default: hgih}\n", 3, "mapping_invalid", "the default is not a value of this field"),
]
PATHS = [
    ("    subject:\n      field: '{{7*7}}'\n", 4, "expr_invalid", "neither a dotted path nor JMESPath"),
    ("    subject: {from: \"__import__('os')\"}\n", 3, "expr_invalid", "a function that JMESPath does not have"),
    ("    subject:\n      from:\n        - a\n        - b..c\n", 6, "expr_invalid", "neither a dotted path"),
    ("    subject: {from: " + "a" * 1001 + "}\n", 3, "expr_limit", "longer than 1000 characters"),
    ("    subject: {to: 'a[?b]'}\n", 3, "expr_invalid", "only a dotted path can be written to"),
    ("    subject: {field: 'a[1]'}\n", 3, "expr_invalid", "only a dotted path can be written to"),
]
CODECS = [
    ("    subject:\n      field: a\n      as: shout\n", 5, "codec_invalid", "no codec of that name"),
    ("    opened_at:\n      from: a\n      as: time(%Y)\n", 5, "codec_invalid", "names year, month and day"),
    ("    opened_at: {from: a, as: int}\n", 3, "codec_invalid", "gives int, and the field holds datetime"),
    ("    subject: {field: a, as: typed}\n", 3, "codec_invalid", "only reads, and the row writes"),
    ("    subject: {from: a, as: " + "trim|" * 250 + "trim}\n", 3, "codec_invalid", "longer than 1000 characters"),
]
CONFLICTS = [
    ("    subjekt: {field: a}\n", 3, "mapping_conflict", "ticket has no such field"),
    ("    ref: {from: a}\n", 3, "mapping_conflict", "ticket has no such field"),
    ("    subject: {field: a.b}\n    number: {field: a.b}\n", 4, "mapping_conflict", "the row subject writes to the same place"),
    (
        "    subject: {field: a.b}\n    number: {to: a, from: c}\n",
        4,
        "mapping_conflict",
        "the row subject writes to the same place",
    ),
    (
        "    status:\n      field: s\n      values:\n        new: 1\n        fresh: 2\n",
        7,
        "mapping_conflict",
        "our word: their word",
    ),
    ("    status: {field: s, values: {'1': new}}\n", 3, "mapping_conflict", "our word: their word"),
    ("    status: {from: s, values: {new: '1'}}\n", 3, "mapping_conflict", "their word: our word"),
    ("    status: {from: s, values: {closed: ['9', '10']}}\n", 3, "mapping_conflict", "their word: our word"),
    ("    status: {field: s, values: {new: 1, open: '1'}}\n", 3, "mapping_conflict", "stands for two of ours"),
    ("    status: {field: s, values: {new: '*', open: [2, '*']}}\n", 3, "mapping_conflict", "stands for two of ours"),
    ("    status: {field: s, values: {'*': ['1', '2']}}\n", 3, "mapping_conflict", "any other word of ours"),
    ("    status: {field: s, values: {new: ''}}\n", 3, "mapping_conflict", "an empty value is no word"),
    ("    due_at: {field: s, values: {a: b}}\n", 3, "mapping_conflict", "this field holds datetime"),
]


@pytest.mark.parametrize(
    ("rows", "line", "code", "problem"), [*SHAPES, *PATHS, *CODECS, *CONFLICTS], ids=lambda value: str(value)[:50]
)
def test_a_bad_row_fails_at_load_with_its_place(tmp_path: Path, rows: str, line: int, code: str, problem: str) -> None:
    refused = refusal(tmp_path, rows)
    assert (refused.code, refused.http_status) == (code, 422)
    assert refused.where.startswith(f"acme/mapping.yaml, line {line}, row ticket.")
    assert problem in refused.detail


def test_money_without_its_currency_is_refused(tmp_path: Path) -> None:
    refused = refusal(tmp_path, "    total: {from: amount}\n", kind="order")
    assert (refused.code, "money needs its currency" in refused.detail) == ("codec_invalid", True)


def test_an_instant_does_not_become_a_day_by_itself(tmp_path: Path) -> None:
    refused = refusal(tmp_path, "    birth_date: {from: born, as: iso}\n", kind="customer")
    assert "gives datetime, and the field holds date" in refused.detail


@pytest.mark.parametrize(
    "rows",
    [
        "    total: {field: a, as: money(c)}\n    shop: {field: c}\n",
        "    shop: {field: c}\n    total: {field: a, as: money(c)}\n",
    ],
)
def test_a_currency_written_beside_its_amount_is_a_target_too(tmp_path: Path, rows: str) -> None:
    refused = refusal(tmp_path, rows, kind="order")
    assert (refused.code, "line 4" in refused.where) == ("mapping_conflict", True)


def test_two_amounts_may_share_their_currency() -> None:
    rows = {"balance": {"field": "b", "as": "money(c)"}, "overdue": {"field": "o", "as": "money(c)"}}
    assert compile_rows(rows, kind="account", source=RowSource("test")).writes == {"balance", "overdue"}


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    refused = refusal(tmp_path, "    subject: {field: a}\n", kind="tickets")
    assert (refused.code, refused.where) == ("mapping_conflict", "acme/mapping.yaml, line 2, kind tickets")


def test_two_rows_may_read_the_same_place_and_write_side_by_side() -> None:
    mapping = compiled(subject={"field": "a.b"}, number={"from": "a.b"}, url={"to": "a.c"})
    assert (mapping.reads, mapping.writes) == (frozenset({"id", "subject", "number"}), frozenset({"subject", "url"}))


def test_the_rows_of_the_style_guide_compile() -> None:
    mapping = compiled(
        subject={"field": "title", "required": True},
        status={"field": "state", "values": {"new": "1", "in_progress": "2", "closed": "9"}},
        priority={"field": "prio", "as": "int", "write": "if_empty"},
        opened_at={"from": "created", "as": "time(%Y-%m-%d %H:%M:%S, Asia/Shanghai)"},
    )
    assert (mapping.writes, mapping.needs_current) == (frozenset({"subject", "status", "priority"}), frozenset({"priority"}))


def test_a_refusal_without_a_file_names_the_row_alone() -> None:
    with pytest.raises(MappingInvalid) as caught:
        compiled(subject={"field": "a", "as": "shout"})
    assert caught.value.where == "test, row ticket.subject"
