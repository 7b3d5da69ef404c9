"""How a manifest says that we get a token by one of the grants of OAuth 2.0."""

from typing import Annotated, Literal

from pydantic import Field

from tieline.connectors.manifest.answers import OutcomeRow
from tieline.connectors.manifest.part import Part, Template
from tieline.connectors.manifest.signing import Injection, Injections


def bearer(scheme: str = "Bearer") -> tuple[Injection, ...]:
    """Return where a token stands unless the manifest says otherwise."""
    return (Injection(header="Authorization", value=f"{scheme} ${{token}}"),)


class Renewed(Part):
    """A token that runs out. `renew_early_s`: seconds before its end at which it is renewed."""

    inject: Annotated[Injections, Field(min_length=1)] = Field(default_factory=bearer)
    renew_early_s: Annotated[int, Field(ge=0, le=7200)] = 60
    lifetime_s: Annotated[int, Field(ge=30, le=2_592_000, description="Used when the answer names no end.")] = 600
    outcomes: tuple[OutcomeRow, ...] = ()


class TokenGrant(Renewed):
    """What every grant has (RFC 6749). `extra` fields go into the form as they are."""

    token_url: Template
    scope: Template | None = None
    extra: dict[str, Template] = Field(default_factory=dict)
    client_auth: Literal["basic", "body"] = "body"


class ClientCredentialsAuth(TokenGrant):
    """OAuth 2.0 client credentials (RFC 6749, 4.4)."""

    kind: Literal["oauth2_client_credentials"]
    client_id: Template
    client_secret: Template


class RefreshTokenAuth(TokenGrant):
    """OAuth 2.0 refresh token (RFC 6749, 6). The vendor may replace it with each use; the newest one is kept in the vault."""

    kind: Literal["oauth2_refresh_token"]
    client_id: Template
    client_secret: Template | None = None
    refresh_token: Template


class JwtBearerAuth(TokenGrant):
    """OAuth 2.0 JWT bearer (RFC 7523): a statement signed with our private key stands for a password."""

    kind: Literal["oauth2_jwt_bearer"]
    issuer: Template
    subject: Template
    audience: Template
    private_key: Template
    algorithm: Literal["RS256", "PS256", "ES256"] = "RS256"
    key_id: Template | None = None
    claims: dict[str, Template] = Field(default_factory=dict)
    client_id: Template | None = None
    client_secret: Template | None = None
    valid_s: Annotated[int, Field(ge=30, le=3600)] = 180
