"""How a manifest says who we are to the vendor; `auth.py` turns each kind into an object that signs requests."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tieline.connectors.manifest.part import Part, Template


class NoAuth(Part):
    """The vendor asks for nothing."""

    kind: Literal["none"] = "none"


class BearerAuth(Part):
    """`Authorization: Bearer …` with a fixed token; `scheme` replaces the word Bearer (`Token`, `Zoho-oauthtoken`)."""

    kind: Literal["bearer"]
    token: Template
    scheme: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")] = "Bearer"


class BasicAuth(Part):
    """User name and password by RFC 7617, in UTF-8."""

    kind: Literal["basic"]
    username: Template
    password: Template


class ApiKeyAuth(Part):
    """A key in a header or, where the vendor knows nothing better, in the query."""

    kind: Literal["api_key"]
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")] | None = None
    query: str | None = None
    value: Template

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.header is None) == (self.query is None):
            raise ValueError("an API key goes into a header or into the query: name one of the two")
        return self


class ClientCredentialsAuth(Part):
    """OAuth 2.0 client credentials (RFC 6749, 4.4). `renew_early_s`: seconds before its end at which a token is renewed."""

    kind: Literal["oauth2_client_credentials"]
    token_url: Template
    client_id: Template
    client_secret: Template
    scope: Template | None = None
    extra: dict[str, Template] = Field(default_factory=dict)
    client_auth: Literal["basic", "body"] = "body"
    renew_early_s: Annotated[int, Field(ge=0, le=3600)] = 60
    lifetime_s: Annotated[int, Field(ge=30, le=86_400, description="Used when the answer names no expires_in.")] = 600


Auth = Annotated[NoAuth | BearerAuth | BasicAuth | ApiKeyAuth | ClientCredentialsAuth, Field(discriminator="kind")]
