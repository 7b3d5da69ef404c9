"""Build the grants of OAuth 2.0 from what a manifest says about them."""

from tieline.connectors.auth.assertion import Assertion, private_key
from tieline.connectors.auth.bench import Bench
from tieline.connectors.auth.entry import Entry
from tieline.connectors.auth.fetched import FetchedAuth
from tieline.connectors.auth.oauth2 import Endpoint, Grant, client_credentials, refresh_token
from tieline.connectors.auth.signer import Placer
from tieline.connectors.auth.token import TokenSource
from tieline.connectors.manifest import token_grants as declared


def client_credentials_auth(auth: declared.ClientCredentialsAuth, bench: Bench) -> Entry:
    """RFC 6749, 4.4."""
    endpoint = _endpoint(
        auth, bench, bench.required(auth.client_id, "client_id"), bench.required(auth.client_secret, "client_secret")
    )
    return _fetched(
        auth, bench, bench.source(Grant(endpoint, client_credentials), grown_from=auth, renew_early_s=auth.renew_early_s)
    )


def refresh_token_auth(auth: declared.RefreshTokenAuth, bench: Bench) -> Entry:
    """RFC 6749, 6. A new client secret leaves the tokens as they are; a new refresh token from a person replaces them."""
    first, client_id = bench.required(auth.refresh_token, "refresh_token"), bench.required(auth.client_id, "client_id")
    endpoint = _endpoint(auth, bench, client_id, bench.optional(auth.client_secret))
    grant = Grant(endpoint, refresh_token(first))
    grown_from = (endpoint.url, client_id, first)
    source = bench.source(grant, grown_from=grown_from, renew_early_s=auth.renew_early_s, spends=True)
    return _fetched(auth, bench, source)


def jwt_bearer_auth(auth: declared.JwtBearerAuth, bench: Bench) -> Entry:
    """RFC 7523, 2.1."""
    claims = {name: bench.required(getattr(auth, field), field) for name, field in _CLAIMS.items()}
    extra = {name: bench.required(value, name) for name, value in auth.claims.items()}
    key_id = bench.optional(auth.key_id)
    assertion = Assertion(
        claims={**extra, **claims},
        header={"alg": auth.algorithm, "typ": "JWT", **({"kid": key_id} if key_id else {})},
        key=private_key(bench.required(auth.private_key, "private_key"), auth.algorithm),
        valid_s=auth.valid_s,
        clock=bench.tools.clock,
    )
    endpoint = _endpoint(auth, bench, bench.optional(auth.client_id), bench.optional(auth.client_secret))
    return _fetched(auth, bench, bench.source(Grant(endpoint, assertion), grown_from=auth, renew_early_s=auth.renew_early_s))


_CLAIMS = {"iss": "issuer", "sub": "subject", "aud": "audience"}


def _endpoint(auth: declared.TokenGrant, bench: Bench, client_id: str, client_secret: str) -> Endpoint:
    given = {"scope": auth.scope, **auth.extra}
    return Endpoint(
        url=bench.required(auth.token_url, "token_url"),
        client_id=client_id,
        client_secret=client_secret,
        in_body=auth.client_auth == "body",
        lifetime_s=auth.lifetime_s,
        extra={name: text for name, value in given.items() if (text := bench.optional(value))},
        rows=auth.outcomes,
        clock=bench.tools.clock,
    )


def _fetched(auth: declared.TokenGrant, bench: Bench, source: TokenSource) -> Entry:
    return FetchedAuth(source, Placer.of(auth.inject, bench.kitchen, otherwise="$token"))
