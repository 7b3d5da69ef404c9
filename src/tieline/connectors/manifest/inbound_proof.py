"""How a manifest says what proves the sender."""

from typing import Annotated, Final, Literal

from pydantic import Field

from tieline.connectors.manifest.part import Part, Template

HEADER: Final = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$"


class VerifyNone(Part):
    """Nothing proves the sender; say why that is acceptable."""

    kind: Literal["none"]
    because: Annotated[str, Field(min_length=10)]


class VerifyHeader(Part):
    """A header with a fixed secret."""

    kind: Literal["static_header"]
    header: Annotated[str, Field(pattern=HEADER)]
    value: Template


class VerifyBasic(Part):
    """User name and password by RFC 7617."""

    kind: Literal["basic"]
    username: Template
    password: Template


class VerifyPath(Part):
    """A secret as the last segment of the URL, for senders that can neither sign nor set a header."""

    kind: Literal["path_secret"]
    value: Template


Verify = Annotated[VerifyNone | VerifyHeader | VerifyBasic | VerifyPath, Field(discriminator="kind")]
