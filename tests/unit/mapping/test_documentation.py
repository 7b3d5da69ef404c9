"""The page for whoever writes rows names everything they may use."""

import re
from pathlib import Path

from tieline.mapping.book import load_book
from tieline.mapping.codecs.table import CODECS
from tieline.mapping.fields import KINDS
from tieline.mapping.spec import Row

PAGE = Path(__file__).parents[3] / "docs" / "field-mapping.md"


def test_the_page_names_every_codec_kind_and_key_of_a_row() -> None:
    named = set(re.findall(r"`([a-z_0-9]+)", PAGE.read_text(encoding="utf-8")))
    keys = {field.alias or name for name, field in Row.model_fields.items()} - {"name"}
    assert ({*CODECS, *KINDS, *keys}) - named == set()


def test_the_example_of_the_page_loads(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    (tmp_path / "mapping.yaml").write_text(example[1], encoding="utf-8")
    read = load_book(tmp_path / "mapping.yaml")["ticket"].read({"key": 7, "title": "Broken", "state": 10, "prio": "3"})
    assert read == {"id": "7", "subject": "Broken", "status": "closed", "priority": "high"}
