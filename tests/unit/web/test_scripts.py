"""Rules for the scripts that no linter of ours knows: safe, small, one idea each, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

from tieline.web.assets import FOLDER

SCRIPTS = sorted(FOLDER.rglob("*.js"))
SHEETS = sorted(FOLDER.rglob("*.css"))
LONGEST = 250
TURNS_TEXT_INTO_CODE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|createContextualFragment|DOMParser"
    r"|setAttribute\(\w+, [\"'](?:on|style)|setTimeout\([\"'`]|import\("
)
ELSEWHERE = re.compile(r"(?:https?:)?//(?!www\.w3\.org/2000/svg)[\w-]+\.[\w.]+")
NATIVE_BOXES = re.compile(r"\b(?:alert|confirm|prompt)\(")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_can_turn_text_into_code(script: Path) -> None:
    assert TURNS_TEXT_INTO_CODE.findall(script.read_text("utf-8")) == []


@pytest.mark.parametrize("file", [*SCRIPTS, *SHEETS], ids=lambda path: path.name)
def test_a_file_is_small_and_says_what_it_is_for(file: Path) -> None:
    text = file.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert text.startswith("/*")


@pytest.mark.parametrize("file", [*SCRIPTS, *SHEETS, FOLDER / "icon.svg"], ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere(file: Path) -> None:
    code = re.sub(r"/\*.*?\*/", "", file.read_text("utf-8"), flags=re.DOTALL)
    assert ELSEWHERE.findall(code) == []
    assert "@import" not in code


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_import_names_a_file_and_what_it_exports(script: Path) -> None:
    for names, place in re.findall(r"import \{([^}]+)\} from \"([^\"]+)\"", script.read_text("utf-8")):
        exporter = (script.parent / place).resolve().read_text("utf-8")
        for name in (part.split(" as ")[0].strip() for part in names.split(",")):
            assert re.search(rf"export (?:async )?(?:function|class|const) {name}\b", exporter), f"{place} exports no {name}"
            assert len(re.findall(rf"\b{name.split(' as ')[-1]}\b", script.read_text("utf-8"))) > 1, f"{name} is not used"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_nothing_modal_ever_opens(script: Path) -> None:
    assert NATIVE_BOXES.findall(script.read_text("utf-8")) == []
