"""What our YAML reader takes for text, what for a number, and what it refuses."""

from pathlib import Path

import pytest

from tieline.kit.yaml_lines import LARGEST_FILE_BYTES, YamlRefused, line_of, load_with_lines, parse_with_lines

TEXTS = [
    "no", "on", "off", "yes", "y", "+8613800138000", "013800138000", "00", "-0", "1_000", "1e5", "12:30", "1.10", "12.50",
    "0x1F", "0o17", ".5", "5.", "+1", ".inf", ".nan", "2026-11-22", "1970-01-01T00:00:00Z", "99999999999999999999", "10,000",
]  # fmt: skip


@pytest.mark.parametrize("word", TEXTS)
def test_a_plain_word_that_others_coerce_stays_text(word: str) -> None:
    assert parse_with_lines(f"value: {word}").tree == {"value": word}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("12345678901234567890", 12345678901234567890),
        ("0.5", 0.5),
        ("-12.25", -12.25),
    ],
)
def test_a_word_that_nobody_can_mistake_is_resolved(word: str, value: object) -> None:
    tree = parse_with_lines(f"value: {word}").tree
    assert isinstance(tree, dict)
    assert (tree["value"], type(tree["value"])) == (value, type(value))


@pytest.mark.parametrize("word", ["1001", "true", "null", "404", "+86"])
def test_keys_are_always_text(word: str) -> None:
    assert parse_with_lines(f"{word}: x").tree == {word: "x"}


def test_quoted_scalars_are_text_whatever_they_look_like() -> None:
    assert parse_with_lines('["true", \'12\', "null"]').tree == ["true", "12", "null"]


def test_every_node_has_the_line_of_its_key_or_item() -> None:
    located = parse_with_lines("a:\n  b: 1\n  c:\n    - x\n    - {d: y,\n       e: z}\nf: [1,\n  2]\n")
    assert located.tree == {"a": {"b": 1, "c": ["x", {"d": "y", "e": "z"}]}, "f": [1, 2]}
    assert located.lines == {
        (): 1, ("a",): 1, ("a", "b"): 2, ("a", "c"): 3, ("a", "c", 0): 4, ("a", "c", 1): 5, ("a", "c", 1, "d"): 5,
        ("a", "c", 1, "e"): 6, ("f",): 7, ("f", 0): 7, ("f", 1): 8,
    }  # fmt: skip


def test_the_line_of_a_missing_key_is_that_of_its_nearest_ancestor() -> None:
    located = parse_with_lines("a:\n  b: {}\n")
    assert line_of(located.lines, ("a", "b", "missing", 3)) == 2


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_document_is_none(text: str) -> None:
    assert parse_with_lines(text).tree is None


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' stands twice"),
        ("x:\n  {p: 1, p: 2}\n", 2, "the key 'p' stands twice"),
        ('a: 1\n"a": 2\n', 2, "the key 'a' stands twice"),
        ("a: &x 1\n", 1, "anchors are not taken"),
        ("a: 1\nb: *x\n", 2, "aliases are not taken"),
        ("a: !!int '5'\n", 1, "tags are not taken"),
        ("a: !python/object:os.system {}\n", 1, "tags are not taken"),
        ("<<: {a: 1}\n", 1, "merge keys are not taken"),
        ("? [a, b]\n: 1\n", 1, "a key is one word or quoted text"),
        ("a: 1\n---\nb: 2\n", 2, "one document per file"),
        ("a: [1, 2\nb: 3\n", 2, ""),
        ("a: 1\n\tb: 2\n", 2, ""),
        ("a: \x07\n", 1, "a character that YAML does not allow"),
        ("a: \ud800\n", 1, "a character that YAML does not allow"),
        ('a: 1\nb: "\\0"\n', 2, "a NUL character"),
        ("[" * 5000, 1, "nested deeper than 64 levels"),
    ],
)
def test_a_text_we_do_not_take_is_refused_with_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(YamlRefused) as caught:
        parse_with_lines(text)
    assert caught.value.line == line
    assert caught.value.problem.startswith(problem)


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "gbk.yaml"
    path.write_bytes(b"a: 1\nb: \xd5\xc5\n")
    with pytest.raises(YamlRefused, match=r"^line 2: the file is not UTF-8$"):
        load_with_lines(path)


def test_a_file_beyond_one_mebibyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * (LARGEST_FILE_BYTES + 1))
    with pytest.raises(YamlRefused, match="larger than 1 MiB"):
        load_with_lines(path)


def test_a_byte_order_mark_is_tolerated(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: \xe5\xbc\xa0\n")
    assert load_with_lines(path).tree == {"name": "张"}
