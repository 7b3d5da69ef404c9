"""How a manifest says who we are to the vendor: one entry or a list, applied in order. `auth/` turns each into an object."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tieline.connectors.manifest.headers import CredentialHeader
from tieline.connectors.manifest.part import Part, Template
from tieline.connectors.manifest.sign_in import CsrfAuth, LoginAuth, SessionAuth
from tieline.connectors.manifest.signing import SignAuth
from tieline.connectors.manifest.token_grants import ClientCredentialsAuth, JwtBearerAuth, RefreshTokenAuth


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
    """A key in a header or, where the vendor knows nothing better, in the query or the body."""

    kind: Literal["api_key"]
    header: CredentialHeader | None = None
    query: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    body: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    value: Template

    @property
    def place(self) -> tuple[str, str]:
        """Where it goes, and under which name."""
        named = {"header": self.header, "query": self.query, "body": self.body}
        return next((place, name) for place, name in named.items() if name is not None)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(name is not None for name in (self.header, self.query, self.body)) != 1:
            raise ValueError("an API key goes into a header, into the query or into the body: name one of them")
        return self


class Acs3Auth(Part):
    """Alibaba Cloud's ACS3-HMAC-SHA256."""

    kind: Literal["acs3"]
    access_key: Template
    secret_key: Template
    security_token: Template | None = None


class Tc3Auth(Part):
    """Tencent Cloud's TC3-HMAC-SHA256."""

    kind: Literal["tc3"]
    access_key: Template
    secret_key: Template
    service: Template
    security_token: Template | None = None


class SigV4Auth(Part):
    """Amazon's signature version 4."""

    kind: Literal["sigv4"]
    access_key: Template
    secret_key: Template
    region: Template
    service: Template
    security_token: Template | None = None


PresetAuth = Acs3Auth | Tc3Auth | SigV4Auth
Auth = Annotated[
    NoAuth
    | BearerAuth
    | BasicAuth
    | ApiKeyAuth
    | ClientCredentialsAuth
    | RefreshTokenAuth
    | JwtBearerAuth
    | LoginAuth
    | SessionAuth
    | CsrfAuth
    | SignAuth
    | Acs3Auth
    | Tc3Auth
    | SigV4Auth,
    Field(discriminator="kind"),
]


def _listed(value: object) -> Any:  # noqa: ANN401 - what the file says
    return value if isinstance(value, list | tuple) else (value,)


# One entry is written without the list.
Scheme = Annotated[tuple[Auth, ...], BeforeValidator(_listed), Field(min_length=1, max_length=8)]
