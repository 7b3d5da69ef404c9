from pathlib import Path

from tieline.connectors.registry import Catalog
from tieline.services.connector_pages import pages
from tieline.services.privacy import rights_page
from tieline.services.privacy.page import page
from tieline.settings import env_example

ROOT = Path(__file__).parents[2]


def test_the_example_environment_is_the_settings_class() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example()


def test_the_connectors_pages_are_their_manifests() -> None:
    folder = ROOT / "docs" / "connectors"
    assert {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.md")} == pages(Catalog())


def test_the_page_of_fields_is_the_catalogue() -> None:
    assert (ROOT / "docs" / "privacy-fields.md").read_text(encoding="utf-8") == page()


def test_the_page_of_rights_is_the_table() -> None:
    assert (ROOT / "docs" / "rights.md").read_text(encoding="utf-8") == rights_page.page()


def test_the_image_gets_the_very_packages_the_tests_ran_with() -> None:
    whole, image = (_pins(ROOT / name) for name in ("requirements.lock", "requirements.runtime.lock"))
    assert image
    assert image <= whole


def _pins(lock: Path) -> set[str]:
    return {line.split(" ")[0] for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line}
