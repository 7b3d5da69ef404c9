"""Every action that asks for a second person, as it is asked for by HTTP or on the command line, and how it ended."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from tests.flows.door import Json, json_of
from tests.flows.house import RunningHouse
from tests.flows.test_pop_masking import session_of

from tieline.domain.errors import SecondPersonRequired, TielineError
from tieline.security import second_person
from tieline.security.permissions import Caller
from tieline.services import secret_keeping
from tieline.services.batch import exporting
from tieline.services.batch.exporting import ExportWish

CONSOLE: Final = Caller("console", "admin", frozenset())
RULE: Final = {"name": "key accounts", "system": "crm", "field": "tier", "among": ["vip"], "view": "basic"}
CODES: Final = {200: "done", 204: "done"}


@dataclass(frozen=True)
class Outcome:
    """How it ended: `done`, or the code of the refusal, and the approval it names."""

    status: int
    code: str
    approval: str | None = None


Ask = Callable[["Guarded", int], Awaitable[Outcome]]
"""Ask for the action once; the number is one of several contents."""


@dataclass
class Guarded:
    """The house, what people there may want, and a folder for what they get."""

    house: RunningHouse
    folder: Path
    refs: tuple[str, ...]

    async def ask(self, method: str, path: str, who: dict[str, str], body: Json | None = None, **headers: str) -> httpx.Response:
        return await self.house.client.request(method, path, json=body, headers={**who, **headers})

    async def as_(self, agent: str) -> dict[str, str]:
        """Sign in anew: time passes here in leaps."""
        return await session_of(self.house, agent)

    async def decide(self, approval: str | None, agent: str, verdict: str = "approved") -> Outcome:
        path = f"/v1/approvals/{approval}/decide"
        return told(await self.ask("POST", path, await self.as_(agent), {"verdict": verdict}))

    async def noted(self, approval: str | None) -> list[tuple[str, str]]:
        """What the audit has of one approval, in order."""
        query = f"SELECT action, actor FROM audit_entries WHERE subject = 'approval:{approval}' ORDER BY seq"  # noqa: S608 - our id
        return [(str(action), str(actor)) for action, actor in await self.house.rows(query)]


def told(answer: httpx.Response) -> Outcome:
    document = answer.json()
    if answer.status_code in CODES:
        return Outcome(answer.status_code, "done", document.get("id"))
    return Outcome(answer.status_code, document["code"], document.get("approval"))


async def caught(what: Awaitable[Any]) -> Outcome:
    """The same for what the command line asks."""
    try:
        await what
    except TielineError as exc:
        return Outcome(exc.http_status, exc.code, str(exc.approval) if isinstance(exc, SecondPersonRequired) else None)
    return Outcome(200, "done")


async def loosen_rules(guarded: Guarded, content: int) -> Outcome:
    """Take a rule away (0), or change it; it is put there first, which asks for nobody."""
    who = await guarded.as_("admin")
    present = json_of(await guarded.ask("GET", "/v1/policies/access", who))
    if RULE not in present["definition"].get("customers", []):
        tag = f'"{present["version"]}"'
        more = {"customers": [*present["definition"].get("customers", []), RULE]}
        added = await guarded.ask("PUT", "/v1/policies/access", who, {"definition": more}, **{"If-Match": tag})
        present = json_of(added)
    after: Json = {"customers": [{**RULE, "roles": ["agent"]}]} if content else {}
    tag = f'"{present["version"]}"'
    return told(await guarded.ask("PUT", "/v1/policies/access", who, {"definition": after}, **{"If-Match": tag}))


async def reveal_identity(guarded: Guarded, content: int) -> Outcome:
    path = f"/v1/customers/{guarded.refs[content]}/reveal"
    return told(await guarded.ask("POST", path, await guarded.as_("supervisor"), {"field": "id_number", "reason": "legal"}))


async def export_much(guarded: Guarded, content: int) -> Outcome:
    file = guarded.folder / f"audit-{content}.jsonl"
    wish = ExportWish("audit", file, replace=True)
    outcome = await caught(exporting.export(guarded.house.house, wish, asker=CONSOLE, told=lambda _rows: None))
    assert file.exists() is (outcome.code == "done")
    file.unlink(missing_ok=True)
    assert list(guarded.folder.iterdir()) == [], "nothing is left of what was refused"
    return outcome


async def change_key(guarded: Guarded, content: int) -> Outcome:
    keys = guarded.house.folder / "a-copy-of.key"
    if not keys.exists():
        keys.write_bytes((guarded.house.folder / "secret.key").read_bytes())
        keys.chmod(0o600)
    before = keys.read_bytes()
    outcome = await caught(secret_keeping.add_key(guarded.house.house, keys, sm4=bool(content), caller=CONSOLE))
    assert (keys.read_bytes() != before) is (outcome.code == "done")
    return outcome


ACTIONS: Final[dict[str, tuple[Ask, str]]] = {
    second_person.RULES_LOOSEN: (loosen_rules, "agent:admin"),
    second_person.IDENTITY_REVEAL: (reveal_identity, "agent:supervisor"),
    second_person.EXPORT_BULK: (export_much, "console"),
    second_person.KEY_CHANGE: (change_key, "console"),
}
"""Every guarded action → how it is asked for, and by whom. `dpo` may approve each."""
