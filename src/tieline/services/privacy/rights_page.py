"""The page that shows the table of rights to people, and which fields each of its rows covers: written anew with every change."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from tieline.domain.masking import MASKS
from tieline.security.masking_catalogue import Catalogue, catalogue
from tieline.security.rights import Rights, rights

SAMPLES: Mapping[str, str] = {
    "phone": "13800138000",
    "email": "zhang.san@example.com",
    "social_id": "wx_zhangsan",
    "name": "张三丰",
    "id_card": "110101199003071234",
    "birth_date": "1990-03-07",
    "address": "北京市海淀区中关村大街1号",
    "postal_code": "100080",
    "text": "回电13900139000",
    "hidden": "12.50",
}


def page() -> str:
    """Return docs/rights.md."""
    return "\n".join(_lines(rights(), catalogue())) + "\n"


def _lines(table: Rights, found: Catalogue) -> Iterator[str]:
    yield "# Who may do what, and sees what how"
    yield ""
    yield "Written by `tieline generate` from `src/tieline/security/rights.csv`, the one table the program goes by; change that."
    yield "Which route asks for which action stands in `tests/api/route_permissions.csv`, written from the running routes."
    yield "`senior` is a senior agent, `integrator` an integration administrator, `dpo` the data protection officer,"
    yield "`service` an API key."
    yield ""
    yield "## Actions"
    yield ""
    yield "`scope`: a key that was given it."
    yield ""
    yield from _head(table, "action", "what it allows")
    for name, meaning in table.says["action"].items():
        cells = ("scope" if role == "service" else "yes" if name in table.actions[role] else "" for role in table.roles)
        yield f"| `{name}` | {' | '.join(cells)} | {meaning} |"
    yield ""
    yield "## Fields"
    yield ""
    yield "`full`: as it is · `verified`: as it is once the caller has proved who they are, masked before · `mask` ·"
    yield "`last_four` · `none`: not at all."
    yield ""
    yield from _head(table, "row", "what it is")
    for name, meaning in table.says["field"].items():
        yield f"| `{name}` | {' | '.join(table.fields[role][name] for role in table.roles)} | {meaning} |"
    yield ""
    yield from _revealed(table)
    yield from _approved(table)
    yield from _views(table)
    yield from _covered(found)


def _revealed(table: Rights) -> Iterator[str]:
    yield "## Shown in full on demand, one field at a time"
    yield ""
    yield from _head(table, "field", "what it is")
    yield from _granted(table, "reveal", table.reveals)


def _approved(table: Rights) -> Iterator[str]:
    yield "## Asked of a second person"
    yield ""
    yield "Who may approve it, if they are not who asked; `TIELINE_SECOND_PERSON` says which of these ask for it in your house."
    yield ""
    yield from _head(table, "action", "what it is")
    yield from _granted(table, "approve", table.approves)


def _granted(table: Rights, kind: str, to: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for name, meaning in table.says[kind].items():
        cells = ("yes" if name in to[role] else "" for role in table.roles)
        yield f"| `{name}` | {' | '.join(cells)} | {meaning} |"
    yield ""


def _views(table: Rights) -> Iterator[str]:
    yield "## Views"
    yield ""
    yield "The most that is seen through a view, whoever looks; a view only takes away. `basic` is what a connected system's word"
    yield "on an agent or a customer may come to ([access.md](access.md)); `minor` and `unconsented` are for children under 14,"
    yield "with and without a guardian's consent; `restricted`: processing is restricted ([privacy.md](privacy.md))."
    yield ""
    yield f"| row | {' | '.join(table.views)} |"
    yield "|---" * (len(table.views) + 1) + "|"
    for name in table.says["field"]:
        yield f"| `{name}` | {' | '.join(table.seen_through[view][name] for view in table.views)} |"
    for name in table.says["reveal"]:
        cells = ("yes" if name in table.revealed_through[view] else "" for view in table.views)
        yield f"| `{name}`, shown on demand | {' | '.join(cells)} |"
    yield ""


def _head(table: Rights, first: str, last: str) -> Iterator[str]:
    yield f"| {first} | {' | '.join(table.roles)} | {last} |"
    yield "|---" * (len(table.roles) + 2) + "|"


def _covered(found: Catalogue) -> Iterator[str]:
    fields: dict[str, list[str]] = defaultdict(list)
    for name, entry in found.objects.items():
        for field, spec in entry.fields.items():
            if spec.target in found.classes:
                fields[spec.target].append(f"{name}.{field}")
    yield "## Which fields a row covers"
    yield ""
    yield "An object's own row says whether it is shown at all. Fields that no row covers name nobody; what is not in the"
    yield "catalogue is dropped."
    yield ""
    yield "| row | kind of value | masked, an example | fields |"
    yield "|---|---|---|---|"
    for kind, one in found.classes.items():
        shown = MASKS[one.mask]["agent"](SAMPLES[one.mask]).replace("*", "\\*") if one.mask in SAMPLES else ""
        yield f"| `{one.row}` | {kind} | {shown} | {', '.join(fields[kind])} |"
    for row in dict.fromkeys(entry.row for entry in found.objects.values() if entry.row):
        whole = ", ".join(name for name, entry in found.objects.items() if entry.row == row)
        yield f"| `{row}` | objects | | {whole} |"
