"""The demo's customers: they read what lies on a simulated telephone, open the page named in it, and answer as people would.

The first answer is a bad one, so that the loop can be watched. Whoever watches may be quicker than they are.
"""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final

_LINK: Final = re.compile(r"https?://\S+/s/[A-Za-z0-9_-]+")
_WITHIN_S: Final = 5.0
_GONE: Final = 410
LET_DOWN: Final = (1, "等了太久，问题也没解决，很失望")
RELIEVED: Final = (5, "这次主管亲自回电，已经解决了")
OTHERS: Final = ((4, "还可以"), (5, "很满意"), (5, "服务态度很好"))


@dataclass(frozen=True, slots=True)
class Invitation:
    """A survey as it lies on somebody's telephone."""

    id: str
    phone: str
    link: str


@dataclass(slots=True)
class DemoCustomer:
    """Whoever holds the telephones of the simulated exchange. `pbx`: its address, and what it wants to be shown."""

    pbx: Mapping[str, str]
    asked: Counter[str] = field(default_factory=Counter)
    others: Iterator[tuple[int, str]] = field(default_factory=lambda: cycle(OTHERS))

    def invitations(self) -> list[Invitation]:
        """Return every survey that lies on a telephone, the first first. Blocks."""
        found = ((message, _LINK.search(message["text"])) for message in reversed(self._messages()))
        return [Invitation(message["id"], message["number"], link[0]) for message, link in found if link]

    def opinion(self, phone: str) -> tuple[int, str]:
        """Return what the holder of a telephone thinks: the first of all is let down, and relieved when asked again."""
        is_first = not self.asked
        self.asked[phone] += 1
        if is_first:
            return LET_DOWN
        return RELIEVED if self.asked[phone] > 1 else next(self.others)

    def answer(self, invitation: Invitation) -> int | None:
        """Answer on the page, and return the score; None: it does not open. Blocks."""
        score, text = self.opinion(invitation.phone)
        form = urllib.parse.urlencode({"score": score, "text": text}).encode()
        return score if _ask(urllib.request.Request(invitation.link, data=form))[0] else None  # noqa: S310 - our own page, on loopback

    def is_answered(self, invitation: Invitation) -> bool:
        """Say whether somebody answered, or the page is closed. Blocks."""
        return _ask(urllib.request.Request(invitation.link))[1] == _GONE  # noqa: S310 - likewise

    def _messages(self) -> list[Mapping[str, Any]]:
        address, bearer = f"{self.pbx['url']}/api/messages", {"Authorization": f"Bearer {self.pbx['api_token']}"}
        answer, _ = _ask(urllib.request.Request(address, headers=bearer))  # noqa: S310 - the simulated exchange, on loopback
        found: list[Mapping[str, Any]] = json.loads(answer)["messages"] if answer else []
        return found


def _ask(request: urllib.request.Request) -> tuple[bytes | None, int]:
    """Return the page and the status; no page where it does not open, status 0 where nobody answers."""
    try:
        with urllib.request.urlopen(request, timeout=_WITHIN_S) as answer:  # noqa: S310 - as above
            return answer.read(), answer.status
    except urllib.error.HTTPError as exc:
        with exc:
            return None, exc.code
    except (urllib.error.URLError, TimeoutError):
        return None, 0
