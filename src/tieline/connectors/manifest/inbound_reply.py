"""How a manifest says what a sender is told, sealed if need be, and how a question about our address is answered."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from tieline.connectors.manifest.inbound_proof import HEADER, Verify
from tieline.connectors.manifest.inbound_sources import RequestConditions, RequestPath
from tieline.connectors.manifest.part import AnswerKind, Part, Template
from tieline.connectors.manifest.signing import Recipe

# What a reply may refer to besides the configuration. `sealed`, `signature`, `opened`: made on the way, see below.
REPLY_ROOTS: Final = frozenset({"method", "query", "header", "body", "envelope", "opened", "sealed", "signature"})


class Sealing(Part):
    """Contents sealed as 钉钉, 企业微信, 微信公众号 and 用友 seal them, by one scheme.

    AES-256-CBC, the first 16 bytes of the key as initial vector, PKCS#7 to 32 bytes; inside: 16 random bytes, the length in
    four bytes (big endian), the text, the receiver's id. `at`: where it stands in what came (`envelope.…`). `key_form`:
    base64_43 is 43 characters of base64; `secret` makes those of a secret: without hyphens, cut or filled with 0. An empty key
    (of an optional field) means that nothing is sealed.
    """

    kind: Literal["aes_cbc_receiver"]
    at: RequestPath
    key: Template
    key_form: Literal["base64_43", "secret"] = "base64_43"
    receiver: Template
    contents: AnswerKind = "auto"


class Reply(Part):
    """What the sender is told once the event is stored, made at once from the request and the configuration alone.

    `seal` is sealed as `$sealed`; `sign` makes `$signature`, of `$sealed` as well. In `xml`, what is inserted is escaped.
    """

    status: Annotated[int, Field(ge=200, le=299)] = 202
    json_: Annotated[Any, Field(alias="json")] = None
    text: Annotated[str, Field(max_length=8000)] | None = None
    xml: Annotated[str, Field(max_length=8000)] | None = None
    content_type: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9.+-]+(; ?charset=[a-zA-Z0-9-]+)?$")] | None = None
    headers: dict[Annotated[str, Field(pattern=HEADER)], Template] = Field(default_factory=dict, max_length=10)
    seal: str | None = None
    sign: Recipe | None = None

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if sum(body is not None for body in (self.json_, self.text, self.xml)) > 1:
            raise ValueError("a reply has one body: json, text or xml")
        return self


class Challenge(Part):
    """A question whether this address is ours and we know the secret: answered at once, never stored.

    `verify`: what proves the question; without it, what proves everything else. `open`: a sealed text, read as `$opened`.
    """

    method: Literal["GET", "POST", "OPTIONS"] = "GET"
    when: RequestConditions = Field(default_factory=dict)
    verify: Verify | None = None
    open: RequestPath | None = None
    reply: Reply
