"""The shop behind `connectors/shop`: it keeps a ledger of every effect, by our key, whatever its answers suffer on the way."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.faults.vendor import Asked, answer, vendor

PAGE = 100


@dataclass
class Ledger:
    """`effects` counts by our key what came about. Tickets know the key (T1), calls can be searched by it (T2)."""

    port: int = 0
    effects: Counter[str] = field(default_factory=Counter)
    tickets: dict[str, str] = field(default_factory=dict)
    calls: list[dict[str, str]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    meant: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    ratings: list[dict[str, Any]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)

    async def serve(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        method, target, _ = asked.line.split(" ")
        address = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.asked[f"{method} {address.path.split('/')[1]}"] += 1
        body = json.loads(asked.body) if asked.body else {}
        found = self._answer(method, address.path, query, body, asked.headers)
        await answer(json.dumps(found).encode(), status=200 if found is not None else 404)(asked, writer)

    def _answer(self, method: str, path: str, query: dict[str, str], body: Any, headers: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
        kind, _, name = path.lstrip("/").partition("/")
        match method, kind:
            case "POST", "tickets":
                return self._ticket(headers["idempotency-key"])
            case "POST", _:
                return {"meant": self.meant.get(body["text"], [])} if kind == "model" else self._note(kind, body["key"])
            case _, "calls":
                return {"calls": [call for call in self.calls if call["key"] == query.get("key")]}
            case _, "ratings":
                return {"ratings": [one for one in self.ratings if query["since"] <= one["said_at"] <= query["until"]]}
            case _ if name:
                known = [order for order in self.orders if order["id"] == name]
                return {"order": known[-1]} if known else None
            case _:
                return {"orders": self._changed(query)}

    def _note(self, kind: str, key: str) -> dict[str, str]:
        self.effects[key] += 1
        made = {"id": f"{kind}-{sum(self.effects.values())}", "key": key}
        if kind == "calls":
            self.calls.append(made)
        return made

    def _ticket(self, key: str) -> dict[str, str]:
        if key not in self.tickets:
            self.effects[key] += 1
            self.tickets[key] = f"t-{len(self.tickets)}"
        return {"id": self.tickets[key]}

    def _changed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        changed = sorted(
            (one for one in self.orders if one["updated"] >= query["since"]), key=lambda one: (one["updated"], one["id"])
        )
        start = (int(query.get("page", "1")) - 1) * PAGE
        return changed[start : start + PAGE]


@asynccontextmanager
async def ledger() -> AsyncIterator[Ledger]:
    state = Ledger()
    async with vendor(state.serve) as server:
        state.port = server.port
        yield state
