"""The page that shows the catalogue of fields to people: written anew with every change of it."""

from collections.abc import Iterator
from datetime import timedelta

from tieline.security.field_catalogue import CataloguedModel, CataloguedTable, FieldCatalogue, field_catalogue


def page() -> str:
    """Return docs/privacy-fields.md."""
    return "\n".join(_lines(field_catalogue())) + "\n"


def _lines(found: FieldCatalogue) -> Iterator[str]:
    yield "# What is kept and shown of a person"
    yield ""
    yield "Written by `tieline generate` from `src/tieline/security/field_catalogue.yaml`; change that."
    yield "How the rights are served stands in [privacy.md](privacy.md); who sees what how, in [rights.md](rights.md)."
    yield ""
    yield "## Purposes"
    yield ""
    yield "| purpose | why | PIPL art. | GDPR art. |"
    yield "|---|---|---|---|"
    yield from (f"| {name} | {one.why} | {one.pipl} | {one.gdpr} |" for name, one in found.purposes.items())
    yield ""
    yield "## Terms"
    yield ""
    yield "| what | kept for |"
    yield "|---|---|"
    yield from (f"| {name} | {_term(term)} |" for name, term in found.retention.items())
    yield ""
    yield "## What is shown: the canonical models"
    yield ""
    yield "| model | purpose | of a person | sensitive |"
    yield "|---|---|---|---|"
    yield from (_row(found, name, one, one.purpose) for name, one in found.models.items())
    yield ""
    yield "## What is kept: the tables"
    yield ""
    yield "| table | purpose | of a person | sensitive | kept | when somebody is erased |"
    yield "|---|---|---|---|---|---|"
    for name, table in found.tables.items():
        yield _row(found, name, table, table.purpose) + f" {table.keep} | {_erased(table)} |"


def _row(found: FieldCatalogue, name: str, one: CataloguedModel | CataloguedTable, purpose: str) -> str:
    of_person = ", ".join(f"{field} ({kind})" for field, kind in one.holds.items())
    sensitive = ", ".join(field for field, kind in one.holds.items() if found.kinds[kind].sensitivity == "sensitive")
    return f"| {name} | {purpose} | {of_person or '–'} | {sensitive or '–'} |"


def _erased(table: CataloguedTable) -> str:
    return f"{table.erased}: {table.because}" if table.because else table.erased


def _term(term: timedelta) -> str:
    return f"{term.days} days" if term.days else f"{term.seconds // 3600} hours"
