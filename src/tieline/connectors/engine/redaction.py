"""Take secrets out of anything that is shown, in every spelling in which they travel."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

MASK: Final = "•••"
# Whatever these hold is hidden whole: a cookie or token the vendor gave us is on no list of ours.
HIDDEN_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-auth-token", "www-authenticate"}
)
SHORTEST_SECRET: Final = 3


class Redactor:
    """Knows the secrets of one connection and forgets to show them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelling for secret in secrets if len(secret) >= SHORTEST_SECRET for spelling in _spellings(secret)}
        self._spellings = sorted(spellings, key=len, reverse=True)

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._spellings)} spellings>"

    def text(self, text: str) -> str:
        """Return the text with every secret masked."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return text

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers, those that carry credentials masked whole."""
        return {name: MASK if name.lower() in HIDDEN_HEADERS else self.text(value) for name, value in headers.items()}

    def tree(self, tree: Any) -> Any:  # noqa: ANN401 - JSON
        """Return a tree with every text in it masked."""
        match tree:
            case str():
                return self.text(tree)
            case Mapping():
                return {self.text(str(key)): self.tree(value) for key, value in tree.items()}
            case list() | tuple():
                return [self.tree(value) for value in tree]
            case _:
                return tree


def _spellings(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        encoded,
        encoded.rstrip("="),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }
