"""Routes times roles, as the running application has them. `python -m tests.api.route_table` writes the reviewed table anew."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from tests.api.front_door import ROLES

from tieline.api.route_audit import DeclaredRoute
from tieline.doors import app_of
from tieline.kit.clock import utc_now
from tieline.security.declarations import Permit
from tieline.security.roles import permissions_of
from tieline.settings import Settings

REVIEWED: Final = Path(__file__).parent / "route_permissions.csv"
COLUMNS: Final = ("method", "path", "permission", *ROLES)
Row = dict[str, str]


def truth_table(routes: Sequence[DeclaredRoute]) -> list[Row]:
    """Every route and method, what it asks for, and which role has it."""
    rows = (dict(zip(COLUMNS, _cells(route, method), strict=True)) for route in routes for method in route.methods)
    return sorted(rows, key=lambda row: (row["path"], row["method"]))


def reviewed_table() -> list[Row]:
    """The table as it was last reviewed."""
    with REVIEWED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _cells(route: DeclaredRoute, method: str) -> Iterator[str]:
    yield method
    yield route.path
    asked = route.declaration.permission if isinstance(route.declaration, Permit) else ""
    yield asked or "public"
    for role in ROLES:
        yield "yes" if not asked or asked in permissions_of(role) else ""


def write() -> None:
    """Write the table of an application that serves nobody: declarations need no database."""
    house: Any = SimpleNamespace(
        database=None,
        clock=utc_now,
        agent=lambda _: None,
        box=SimpleNamespace(derive=lambda _: b"k" * 32, seal=lambda *_, **__: b""),
    )
    app = app_of(cast("Any", house), Settings())
    with REVIEWED.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(truth_table(app.state.declared_routes))


if __name__ == "__main__":
    write()
