"""The demo's customer: reads what lies on a simulated telephone, opens the page named in it, and answers as a person would.

The first answer is a bad one, so that the loop can be watched: a ticket with owner and due time, a second call, a second survey.
"""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any, Final

_LINK: Final = re.compile(r"https?://\S+/s/[A-Za-z0-9_-]+")
_WITHIN_S: Final = 5.0
OPINIONS: Final = ((1, "等了太久，问题也没解决，很失望"), (5, "这次主管亲自回电，已经解决了"), (4, "还可以"))


@dataclass(slots=True)
class DemoCustomer:
    """Whoever holds the telephones of the simulated exchange. `pbx`: its address, and what it wants to be shown."""

    pbx: Mapping[str, str]
    seen: set[str] = field(default_factory=set)
    opinions: Iterator[tuple[int, str]] = field(default_factory=lambda: chain(OPINIONS, repeat((5, "很满意"))))

    def answer(self) -> list[tuple[str, int]]:
        """Answer every survey not answered yet, and return whose telephones and which scores that were. Blocks."""
        return [
            (message["number"], score) for message in reversed(self._messages()) if (score := self._answer(message)) is not None
        ]

    def _answer(self, message: Mapping[str, Any]) -> int | None:
        link = _LINK.search(message["text"])
        if link is None or message["id"] in self.seen:
            return None
        self.seen.add(message["id"])
        score, text = next(self.opinions)
        form = urllib.parse.urlencode({"score": score, "text": text}).encode()
        return score if _ask(urllib.request.Request(link[0], data=form)) is not None else None  # noqa: S310 - our own page, on loopback

    def _messages(self) -> list[Mapping[str, Any]]:
        address, bearer = f"{self.pbx['url']}/api/messages", {"Authorization": f"Bearer {self.pbx['api_token']}"}
        answer = _ask(urllib.request.Request(address, headers=bearer))  # noqa: S310 - the simulated exchange, on loopback
        found: list[Mapping[str, Any]] = json.loads(answer)["messages"] if answer else []
        return found


def _ask(request: urllib.request.Request) -> bytes | None:
    try:
        with urllib.request.urlopen(request, timeout=_WITHIN_S) as answer:  # noqa: S310 - as above
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, TimeoutError):
        return None
