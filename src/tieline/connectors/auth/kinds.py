"""Build the schemes of a connection: each entry of `auth` and `auths` becomes an object by one row of `KINDS`."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from tieline.connectors.auth.bench import Bench, Tools
from tieline.connectors.auth.entry import Chain, Entry, Still
from tieline.connectors.auth.fixed import FixedAuth
from tieline.connectors.auth.grants import client_credentials_auth, jwt_bearer_auth, refresh_token_auth
from tieline.connectors.auth.logins import csrf_auth, login_auth, session_auth
from tieline.connectors.auth.preset import preset
from tieline.connectors.auth.signer import Signer
from tieline.connectors.auth.unfilled import Unfilled
from tieline.connectors.auth.vault import Keeping
from tieline.connectors.manifest import auth as declared
from tieline.connectors.manifest.configuration import may_stay_empty
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.manifest.signing import SignAuth
from tieline.connectors.signing.recipes import Kitchen
from tieline.domain.errors import VendorMisconfigured

DEFAULT: Final = "auth"
"""The scheme of every request that names none; without it there is no connection."""
_HIDDEN_OF_PRESETS: Final = frozenset({"secret_key", "security_token"})


class Schemes:
    """Every scheme of one connection by name; `none` signs nothing."""

    def __init__(self, chains: Mapping[str, Chain], keeping: Keeping) -> None:
        self._chains = dict(chains)
        self.keeping = keeping

    def __getitem__(self, name: str) -> Chain:
        return self._chains[name]

    @property
    def refusal(self) -> str:
        """The code of the first refusal among the schemes; empty: none is known."""
        return next((chain.refusal for chain in self._chains.values() if chain.refusal), "")

    def secrets(self) -> tuple[str, ...]:
        """Return everything secret that may now stand in a request."""
        return tuple(secret for chain in self._chains.values() for secret in chain.secrets())

    async def aclose(self) -> None:
        """Stop renewing."""
        for chain in self._chains.values():
            await chain.aclose()


def build_schemes(manifest: Manifest, config: Mapping[str, Any], tools: Tools) -> Schemes:
    """Return the schemes. Raises: VendorMisconfigured: a credential is empty or cannot be sent."""
    built: dict[str, Chain] = {"none": Chain((), tools.clock)}

    def scheme(name: str) -> Chain:
        if name not in built:
            built[name] = _filled(name)
        return built[name]

    def _filled(name: str) -> Chain:
        try:
            return _chain(name)
        except VendorMisconfigured as exc:
            told = [entry.model_dump(by_alias=True) for entry in manifest.schemes[name]]
            if exc.code != "secret_missing" or name == DEFAULT or not may_stay_empty(manifest, told):
                raise
            return Chain((Unfilled(),), tools.clock)

    def _chain(name: str) -> Chain:
        chain = Chain((), tools.clock)
        for index, entry in enumerate(manifest.schemes[name]):
            bench = Bench(manifest, config, tools, f"{name}.{index}", chain, scheme)
            chain = Chain((*chain.entries, KINDS[entry.kind](entry, bench)), tools.clock)
        return chain

    return Schemes({name: scheme(name) for name in (*manifest.schemes, "none")}, tools.keeping)


class NoAuth(Still):
    """Adds nothing."""

    def sign(self, outgoing: object, at: object) -> list[Any]:  # noqa: ARG002 - there is nothing to add
        """Nothing to do."""
        return []


def _none(_auth: declared.NoAuth, _bench: Bench) -> Entry:
    return NoAuth()


def _bearer(auth: declared.BearerAuth, bench: Bench) -> Entry:
    return FixedAuth("header", "authorization", f"{auth.scheme} {bench.required(auth.token, 'token')}")


def _basic(auth: declared.BasicAuth, bench: Bench) -> Entry:
    pair = f"{bench.required(auth.username, 'username')}:{bench.optional(auth.password)}"
    return FixedAuth("header", "authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")


def _api_key(auth: declared.ApiKeyAuth, bench: Bench) -> Entry:
    return FixedAuth(*auth.place, bench.required(auth.value, "value"))


def _sign(auth: SignAuth, bench: Bench) -> Entry:
    return Signer(auth, bench.kitchen, draw_nonce=bench.tools.keeping.draw_nonce)


def _preset(auth: declared.PresetAuth, bench: Bench) -> Entry:
    given = {name: value for name, value in auth.model_dump(exclude={"kind"}).items() if value is not None}
    config = {name: bench.optional(value) or None for name, value in given.items()}
    return Signer(preset(auth.kind), Kitchen(config, _HIDDEN_OF_PRESETS), draw_nonce=bench.tools.keeping.draw_nonce)


KINDS: Final[Mapping[str, Callable[[Any, Bench], Entry]]] = {
    "none": _none,
    "bearer": _bearer,
    "basic": _basic,
    "api_key": _api_key,
    "oauth2_client_credentials": client_credentials_auth,
    "oauth2_refresh_token": refresh_token_auth,
    "oauth2_jwt_bearer": jwt_bearer_auth,
    "login": login_auth,
    "session": session_auth,
    "csrf": csrf_auth,
    "sign": _sign,
    "acs3": _preset,
    "tc3": _preset,
    "sigv4": _preset,
}
