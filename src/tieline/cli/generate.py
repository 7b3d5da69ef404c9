"""`tieline generate`: write the documents that come from code and data; hidden, for those who build Tieline."""

from pathlib import Path

import typer
from rich.console import Console

from tieline.cli.root import Root
from tieline.services.connector_pages import pages
from tieline.services.privacy import rights_page
from tieline.services.privacy.page import page

console = Console()


def add_to(app: typer.Typer, root: Root) -> None:
    """Add the command."""

    @app.command(hidden=True)
    def generate() -> None:
        """Write .env.example, docs/connectors/, docs/privacy-fields.md and docs/rights.md anew, in a working copy."""
        folder = Path("docs/connectors")
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages(root.catalog).items():
            (folder / name).write_text(text, encoding="utf-8")
        Path(".env.example").write_text(root.env_example(), encoding="utf-8")
        Path("docs/privacy-fields.md").write_text(page(), encoding="utf-8")
        Path("docs/rights.md").write_text(rights_page.page(), encoding="utf-8")
        console.print("Wrote docs/connectors/, docs/privacy-fields.md, docs/rights.md and .env.example.")
