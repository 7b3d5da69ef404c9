"""Where one entry of `auth` is built: the configuration, the entries above it, and the tools they all share."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tieline.connectors.auth.entry import Chain
from tieline.connectors.auth.sign_in import WriteRequest
from tieline.connectors.auth.token import FetchToken, Habits, TokenSource
from tieline.connectors.auth.vault import Keeping
from tieline.connectors.language.templates import constant_text
from tieline.connectors.language.writing import json_bytes
from tieline.connectors.manifest.part import Part
from tieline.connectors.manifest.requests import Request
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.signing.recipes import Kitchen
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.clock import Clock

_CONFIG_FIELD: Final = re.compile(r"\$\{?config\.([a-z0-9_]+)")


@dataclass(frozen=True, slots=True)
class Tools:
    """What every scheme of a connection uses. `write`: compiles a request of the manifest that takes no inputs."""

    clock: Clock
    write: Callable[[Request], WriteRequest]
    timeout_s: float
    keeping: Keeping


@dataclass(frozen=True, slots=True)
class Bench:
    """One entry's place. `place`: its name in the vault; `above`: the entries before it; `scheme` finds another by name."""

    manifest: Manifest
    config: Mapping[str, Any] = field(repr=False)
    tools: Tools
    place: str
    above: Chain
    scheme: Callable[[str], Chain]

    @property
    def kitchen(self) -> Kitchen:
        """Where its recipes are compiled."""
        return Kitchen(self.config, frozenset(self.manifest.secrets))

    def required(self, template: str, name: str) -> str:
        """Render a credential. Raises: VendorMisconfigured: it is empty."""
        value = constant_text(template, self.config)
        if not value.strip():
            detail = f"the credential {name} is empty"
            raise VendorMisconfigured(detail, code="secret_missing")
        return value

    def optional(self, template: str | None) -> str:
        """Render what may be empty."""
        return constant_text(template, self.config) if template else ""

    def under(self, request: Request) -> Chain:
        """Return the credentials of a request that an entry makes for itself: those it names, or the entries above."""
        return self.scheme(request.auth) if request.auth else self.above

    def source(
        self, fetch: FetchToken, *, grown_from: Part | tuple[str, ...], renew_early_s: float, spends: bool = False
    ) -> TokenSource:
        """Return a token source; what was kept is forgotten when what the token is `grown_from` changes."""
        parts = grown_from if isinstance(grown_from, tuple) else tuple(self._used_by(grown_from))
        habits = Habits(
            renew_early_s=renew_early_s,
            timeout_s=self.tools.timeout_s,
            place=self.place,
            spends=spends,
            origin=hashlib.sha256(json_bytes(parts)).hexdigest(),
            vault=self.tools.keeping.vault,
        )
        return TokenSource(fetch, habits, clock=self.tools.clock)

    def _used_by(self, part: Part) -> Iterator[str]:
        written = part.model_dump_json(by_alias=True)
        yield written
        yield from (f"{name}={self.config.get(name)}" for name in sorted(set(_CONFIG_FIELD.findall(written))))
