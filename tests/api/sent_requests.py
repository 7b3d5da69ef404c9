"""How many requests a run really sent and what came back: counted by the answers, not by how many were asked to be made up."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

import schemathesis


class SentRequests:
    """A tally of answered requests by operation and status."""

    def __init__(self) -> None:
        self._by_operation: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._different: set[bytes] = set()

    def note(self, operation: str, answer: schemathesis.Response) -> None:
        """Count one answer, and its request among the different ones unless it is the same as another to the byte."""
        self._by_operation[operation][answer.status_code] += 1
        self._different.add(_fingerprint(answer.request))

    def of(self, operation: str) -> int:
        """Return how many were sent to one operation so far."""
        return self._by_operation[operation].total() if operation in self._by_operation else 0

    @property
    def total(self) -> int:
        return sum(statuses.total() for statuses in self._by_operation.values())

    @property
    def server_errors(self) -> Mapping[str, int]:
        """Return how often each operation answered a 5xx, if it did."""
        faults = {name: sum(n for status, n in found.items() if status >= 500) for name, found in self._by_operation.items()}
        return {name: count for name, count in faults.items() if count}

    @property
    def operations(self) -> AbstractSet[str]:
        """Those that were asked at least once."""
        return self._by_operation.keys()

    def told(self) -> str:
        """Say it in lines for people."""
        statuses: Counter[int] = Counter()
        for found in self._by_operation.values():
            statuses += found
        classes: Counter[str] = Counter()
        for status, count in statuses.items():
            classes[f"{status // 100}xx"] += count
        fruitless = [name for name, found in self._by_operation.items() if min(found) >= 400]
        return "\n".join(
            [
                f"{self.total} requests sent and answered, {len(self._different)} of them different",
                f"operations asked: {len(self.operations)}",
                "by class: " + _listed(classes),
                "by status: " + _listed(statuses),
                f"5xx from: {self.server_errors or 'none'}",
                f"refused each time: {len(fruitless)} operations: {', '.join(sorted(fruitless)) or 'none'}",
            ]
        )


def _listed(counts: Counter[Any]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counts.items()))


_RUNNERS_OWN: Final = frozenset({"x-schemathesis-testcaseid", "user-agent"})
"""Headers by which the runner knows its requests again, each with its own."""


def _fingerprint(request: Any) -> bytes:  # noqa: ANN401 - requests has no types here
    body = request.body or b""
    headers = sorted((name, str(value)) for name, value in request.headers.items() if name.lower() not in _RUNNERS_OWN)
    parts = (request.method, request.url, str(headers), body if isinstance(body, str) else body.hex())
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
