import pytest

from tieline.connectors.language.conditions import compile_conditions

ROOTS = {
    "status": 200,
    "content_type": "application/json",
    "header": {"x-error": "E7"},
    "body": {"code": 0, "text": "0", "flag": False, "list": ["a"], "message": "key expired", "nothing": None},
}


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"status": 200}, True),
        ({"status": "200"}, True),
        ({"status": "2xx"}, True),
        ({"status": ["4xx", 200]}, True),
        ({"status": ["4xx", 500]}, False),
        ({"status": {"not": "2xx"}}, False),
        ({"body.code": "0"}, True),
        ({"body.code": 0}, True),
        ({"body.text": 0}, True),
        ({"body.code": {"not": "0"}}, False),
        ({"body.missing": {"not": "0"}}, True),
        ({"body.flag": False}, True),
        ({"body.flag": "false"}, True),
        ({"body.flag": 0}, False),
        ({"body.code": False}, False),
        ({"body.code": ["1", "0"]}, True),
        ({"body.code": {"not": ["1", "0"]}}, False),
        ({"body.code": {"exists": True}}, True),
        ({"body.nothing": {"exists": True}}, False),
        ({"body.missing": {"exists": False}}, True),
        ({"body.message": {"contains": "expired"}}, True),
        ({"body.missing": {"contains": "expired"}}, False),
        ({"body.list": {"contains": "a"}}, True),
        ({"body.list": "a"}, False),
        ({"body.code": {"at_least": 0}}, True),
        ({"body.text": {"below": "0"}}, False),
        ({"body.message": {"at_least": 0}}, False),
        ({"body.message": {"starts": "key"}}, True),
        ({"body.code": {"starts": ["1", "0"]}}, True),
        ({"body.missing": {"starts": "n"}}, False),
        ({"body.list": {"type": "list"}}, True),
        ({"body.flag": {"type": "number"}}, False),
        ({"body.missing": {"filled": False}}, True),
        ({"body.list": {"filled": True}}, True),
        ({"body.code": {"filled": True}}, True),
        ({"any": [{"body.code": 7}, {"body.text": 0}]}, True),
        ({"any": [{"body.code": 7}, {"body.text": 7}]}, False),
        ({"all": [{"body.code": 0}, {"any": [{"body.text": 0}]}], "status": 200}, True),
        ({"all": [{"body.code": 0}], "status": 500}, False),
        ({"header.X-Error": "E7"}, True),
        ({"content_type": {"contains": "json"}}, True),
        ({"status": 200, "body.code": 1}, False),
        ({"status": 200, "body.code": 0}, True),
    ],
)
def test_conditions(when: dict[str, object], holds: bool) -> None:  # noqa: FBT001 - a table's column
    assert compile_conditions(when)(ROOTS) is holds


@pytest.mark.parametrize(
    "when",
    [
        {"status": "20x"},
        {"status": 99},
        {"status": "ok"},
        {"body.a": {"like": "x"}},
        {"body.a": {"at_least": "x"}},
        {"body.a": {"type": "thing"}},
        {"any": {"body.a": 1}},
        {"any": []},
        {"all": [1]},
        {"body.a": {"exists": 1}},
        {"body.a": {}},
        {"": 1},
    ],
)
def test_conditions_that_mean_nothing_are_refused(when: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        compile_conditions(when)
