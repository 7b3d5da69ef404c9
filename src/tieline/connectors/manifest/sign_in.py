"""How a manifest says that we sign in by a request of the vendor's own kind, and carry on what the answer brings."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from tieline.connectors.language.paths import parse
from tieline.connectors.manifest.headers import CredentialHeader
from tieline.connectors.manifest.part import AnswerKind, Part, Template, Word
from tieline.connectors.manifest.requests import Request
from tieline.connectors.manifest.signing import Injections
from tieline.connectors.manifest.token_grants import Renewed

SIGN_IN_ROOTS = ("body", "header", "cookie", "status", "content_type")


def sign_in_path(text: str) -> str:
    """Accept a path into the answer to a sign-in. Raises: ValueError: another root."""
    if parse(text)[0] not in SIGN_IN_ROOTS:
        message = f"{text[:80]!r} must start with {', '.join(SIGN_IN_ROOTS[:-1])} or {SIGN_IN_ROOTS[-1]}"
        raise ValueError(message)
    return text


SignInPath = Annotated[str, AfterValidator(sign_in_path)]


def _path_alone(value: object) -> Any:  # noqa: ANN401 - what the file says
    return {"from": value} if isinstance(value, str) else value


class Taken(Part):
    """A value of the answer, cut `after` the last mark in it."""

    from_: Annotated[SignInPath, Field(alias="from")]
    after: Annotated[str, Field(min_length=1, max_length=100)] | None = None


class Lifetime(Part):
    """How long a token holds, counted from now."""

    from_: Annotated[SignInPath, Field(alias="from")]
    unit: Literal["s", "ms", "min"] = "s"


class End(Part):
    """When a token ends: epoch_s, epoch_ms, iso, or strptime signs; `zone` is for a time that names none of its own.

    A format with a literal Z (`%Y-%m-%dT%H:%M:%SZ`) reads local time that calls itself UTC.
    """

    from_: Annotated[SignInPath, Field(alias="from")]
    format: Annotated[str, Field(min_length=1, max_length=60)] = "iso"
    zone: Template | None = None


Take = Annotated[Taken, BeforeValidator(_path_alone)]


class Takes(Part):
    """What is taken from the answer to a sign-in. `also` names further values for `inject`."""

    token: Take
    lifetime: Annotated[Lifetime, BeforeValidator(_path_alone)] | None = None
    expires_at: Annotated[End, BeforeValidator(_path_alone)] | None = None
    also: dict[Word, Take] = Field(default_factory=dict)


class LoginAuth(Renewed):
    """A request brings a token, which then stands in every other request.

    `recapture`: a later answer that carries the token anew replaces it. The login itself carries the entries above it, or the
    scheme its request names.
    """

    kind: Literal["login"]
    request: Request
    answer: AnswerKind = "auto"
    take: Takes
    recapture: bool = False


class SessionAuth(Part):
    """What the vendor hands out with any answer is carried on from then on; nothing is asked for it."""

    kind: Literal["session"]
    take: Take
    inject: Annotated[Injections, Field(min_length=1)]


def _fetch() -> Request:
    return Request()


class CsrfAuth(Part):
    """Before a write, a token is fetched with the header's value `fetch`; it is sent along with the cookies that came with it.

    `lazy`: only once the vendor has refused a write for want of it, which a row of outcomes calls auth_expired.
    """

    kind: Literal["csrf"]
    request: Request = Field(default_factory=_fetch)
    header: CredentialHeader = "X-CSRF-Token"
    fetch: str = "Fetch"
    cookies: bool = True
    lazy: bool = False
    lifetime_s: Annotated[int, Field(ge=30, le=86_400)] = 1500
