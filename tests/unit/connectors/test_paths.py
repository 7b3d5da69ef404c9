import pytest

from tieline.connectors.language.paths import compile_path, parse

ANSWER = {
    "status": 200,
    "header": {"retry-after": "7"},
    "body": {
        "results": [{"id": "1"}, {"id": "2"}],
        "odd.key": {"user[]": "x"},
        "zero": 0,
        "empty": "",
        "@xmlns": "n",
        "#text": "t",
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("status", 200),
        ("body.results[0].id", "1"),
        ("body.results[-1].id", "2"),
        ("body.results[2].id", None),
        ('body["odd.key"]["user[]"]', "x"),
        ("body.zero", 0),
        ("body.empty", ""),
        ("body.@xmlns", "n"),
        ("body.#text", "t"),
        ("body.nothing.at.all", None),
        ("body.zero.deeper", None),
        ("body.results.id", None),
        ("header.Retry-After", "7"),
        ("header.retry-after", "7"),
        ("header.Missing", None),
    ],
)
def test_a_path_finds_what_is_there_and_none_otherwise(path: str, found: object) -> None:
    assert compile_path(path)(ANSWER) == found


@pytest.mark.parametrize("path", ["", ".", "a..b", "a.", ".a", "a[", "a[x]", "a b", "a[0", "$a", "a." * 300])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path"):
        parse(path)
