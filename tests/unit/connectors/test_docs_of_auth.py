"""Every example in the handbook's chapter on signing in loads as it stands."""

import re
from pathlib import Path

import pytest
from tests.connectors import sample

from tieline.connectors.auth.kinds import KINDS
from tieline.connectors.manifest.load import load_manifest

HANDBOOK = (Path(__file__).parents[3] / "docs" / "connectors.md").read_text("utf-8")
CHAPTER = HANDBOOK.partition("### auth\n")[2].partition("\n### ")[0]
EXAMPLES = re.findall(r"```yaml\n(.*?)```", CHAPTER, re.DOTALL)
SECRET = {"token", "password", "secret", "client_secret", "refresh_token"}


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_load(tmp_path: Path, example: str) -> None:
    names = sorted(set(re.findall(r"config\.([a-z_]+)", example)))
    fields = ", ".join(f"{name}: {{title: t, secret: {str(name in SECRET).lower()}}}" for name in names)
    head = (
        f"schema: 1\nid: acme_helpdesk\nname: Acme\ncategory: crm\nconfig: {{{fields}}}\nhosts: {{main: 'https://x.example'}}\n"
    )
    load_manifest(sample.write_folder(tmp_path, {"connector.yaml": head + example}) / "connector.yaml")


def test_every_kind_is_in_the_table() -> None:
    assert set(re.findall(r"^\| `([a-z0-9_]+)` \|", CHAPTER, re.MULTILINE)) - {"of", "join"} >= set(KINDS)
    assert len(EXAMPLES) == 7
