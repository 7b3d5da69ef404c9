"""The engine stays small enough to be read in an afternoon, and a connector stays data: counted, and printed with `pytest -s`."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import tieline

SOURCE: Final = Path(tieline.__file__).parent
CONNECTORS: Final = SOURCE / "connectors"
ENGINE: Final = (
    *(CONNECTORS / room for room in ("language", "answers", "engine")),
    CONNECTORS / "connection.py",
    CONNECTORS / "contract.py",
)
MOST_ENGINE_LINES: Final = 2500
MOST_FILE_LINES: Final = 400
MOST_HOOK_LINES: Final = 120
HOOKED_SHARE: Final = 1 / 3


def lines_of(file: Path) -> int:
    """Count lines of code as is usual: neither blank, nor a comment alone, nor of a docstring."""
    text = file.read_text(encoding="utf-8")
    told = {line for place in _docstrings(text) for line in range(place.lineno, (place.end_lineno or place.lineno) + 1)}
    lines = enumerate(text.splitlines(), start=1)
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") and number not in told for number, line in lines)


def _docstrings(text: str) -> Iterator[ast.Expr]:
    """Yield every text that stands alone as a statement."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node


def python_files(place: Path) -> list[Path]:
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]


def test_the_engine_of_connectors_is_read_in_an_afternoon() -> None:
    counted = {file.relative_to(CONNECTORS): lines_of(file) for place in ENGINE for file in python_files(place)}
    total = sum(counted.values())
    print(f"\nconnector engine: {total} lines in {len(counted)} files, the longest {max(counted.values())}")  # noqa: T201 - see above
    assert total <= MOST_ENGINE_LINES, counted


def test_no_file_is_longer_than_a_person_reads_at_once() -> None:
    counts = {str(file.relative_to(SOURCE)): len(file.read_text(encoding="utf-8").splitlines()) for file in python_files(SOURCE)}
    long = {name: count for name, count in counts.items() if count > MOST_FILE_LINES}
    assert long == {}


def test_a_connector_is_data_and_code_the_rare_and_short_exception() -> None:
    folders = [folder for folder in (SOURCE / "catalog").iterdir() if (folder / "connector.yaml").is_file()]
    code = {str(file.relative_to(SOURCE)): lines_of(file) for folder in folders for file in folder.rglob("*.py")}
    assert {Path(name).name for name in code} <= {"hooks.py"}
    assert max(code.values(), default=0) <= MOST_HOOK_LINES
    assert len(code) < len(folders) * HOOKED_SHARE
