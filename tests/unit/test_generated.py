from pathlib import Path

from tieline.connectors.registry import Catalog
from tieline.services.connector_pages import pages
from tieline.settings import env_example

ROOT = Path(__file__).parents[2]


def test_the_example_environment_is_the_settings_class() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example()


def test_the_connectors_pages_are_their_manifests() -> None:
    folder = ROOT / "docs" / "connectors"
    assert {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.md")} == pages(Catalog())
