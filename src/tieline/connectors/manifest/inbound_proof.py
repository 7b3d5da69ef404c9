"""How a manifest says what proves the sender: a list of proofs that must all hold, or `{any: […]}` of which one must."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from tieline.connectors.language.conditions import paths_in
from tieline.connectors.manifest.inbound_sources import Drawn, FieldSource, RequestConditions, RequestPath, paths_of
from tieline.connectors.manifest.part import Part, Template, Word
from tieline.connectors.manifest.signing import Canonical, Recipe

HEADER: Final = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$"
MOST_WINDOW_S: Final = 86_400


def one_or_several(value: object) -> object:
    """Read a lone value as a list of one."""
    return value if isinstance(value, list | tuple) else (value,)


class VerifyNone(Part):
    """Nothing proves the sender; say why that is acceptable."""

    kind: Literal["none"]
    because: Annotated[str, Field(min_length=10)]


class VerifyHeader(Part):
    """A header with a fixed secret."""

    kind: Literal["static_header"]
    header: Annotated[str, Field(pattern=HEADER)]
    value: Template


class VerifyStatic(Part):
    """A fixed word anywhere in the request: a parameter, a field of the body, a part of a header; it need not be secret."""

    kind: Literal["static"]
    at: FieldSource
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


class VerifyAddress(Part):
    """The sender's address is one of a list: `203.0.113.0/24, 2001:db8::7`. An empty list lets everybody through."""

    kind: Literal["ip"]
    allow: Template


class VerifyCondition(Part):
    """No proof by itself: it says for which requests the others in the same `all` are meant."""

    kind: Literal["condition"]
    when: RequestConditions


class VerifyTimestamp(Part):
    """The moment the sender names is now, give or take `within_s` seconds, in both directions."""

    kind: Literal["timestamp"]
    at: Drawn
    within_s: Annotated[int, Field(ge=1, le=MOST_WINDOW_S)] = 300

    @model_validator(mode="after")
    def _is_a_time(self) -> Self:
        if self.at.format is None:
            raise ValueError("say how the moment is written: at: {from: header.X, format: epoch_s}")
        return self


class VerifySignature(Canonical):
    """A signature equals what one of the recipes makes of the request.

    `given` is where it stands; `prefix` is cut off, and with `separator` there are several, of which the first ten count.
    `values` name parts of the request for the recipes, as `$nonce`. `address` says how the sender may have written our address,
    and `origin` what it begins with.
    """

    kind: Literal["signature"]
    given: FieldSource
    prefix: str = ""
    separator: Annotated[str, Field(min_length=1, max_length=3)] | None = None
    values: dict[Word, FieldSource] = Field(default_factory=dict)
    expected: Annotated[tuple[Recipe, ...], BeforeValidator(one_or_several), Field(min_length=1, max_length=4)]
    address: tuple[Literal["as_called", "with_port", "without_port", "decoded"], ...] = ("as_called",)
    origin: Template | None = None


class VerifyStandardWebhooks(Part):
    """The Standard Webhooks signature (spec 1.0.0): `webhook-id`, `webhook-timestamp`, `webhook-signature`; secrets `whsec_…`."""

    kind: Literal["standard_webhooks"]
    secrets: Annotated[tuple[Template, ...], BeforeValidator(one_or_several), Field(min_length=1, max_length=4)]
    within_s: Annotated[int, Field(ge=1, le=MOST_WINDOW_S)] = 300


class VerifyAny(Part):
    """One of several proofs is enough."""

    any: Annotated[tuple["Proof", ...], Field(min_length=1, max_length=8)]


class VerifyAll(Part):
    """Several proofs must hold, inside an `any`."""

    all: Annotated[tuple["Proof", ...], Field(min_length=1, max_length=8)]


def _shape(value: object) -> str | None:
    if isinstance(value, VerifyAny | VerifyAll):
        return "any" if isinstance(value, VerifyAny) else "all"
    if not isinstance(value, dict):
        return getattr(value, "kind", None)
    return next((word for word in ("any", "all") if word in value), value.get("kind"))


Proof = Annotated[
    Annotated[VerifyNone, Tag("none")]
    | Annotated[VerifyHeader, Tag("static_header")]
    | Annotated[VerifyStatic, Tag("static")]
    | Annotated[VerifyBasic, Tag("basic")]
    | Annotated[VerifyPath, Tag("path_secret")]
    | Annotated[VerifyAddress, Tag("ip")]
    | Annotated[VerifyCondition, Tag("condition")]
    | Annotated[VerifyTimestamp, Tag("timestamp")]
    | Annotated[VerifySignature, Tag("signature")]
    | Annotated[VerifyStandardWebhooks, Tag("standard_webhooks")]
    | Annotated[VerifyAny, Tag("any")]
    | Annotated[VerifyAll, Tag("all")],
    Discriminator(_shape),
]
Verify = Annotated[tuple[Proof, ...], BeforeValidator(one_or_several), Field(min_length=1, max_length=8)]
VerifyAny.model_rebuild()
VerifyAll.model_rebuild()


def each_proof(proofs: tuple[Any, ...]) -> Iterator[Any]:
    """Yield every single proof, inside `any` and `all` as well."""
    for proof in proofs:
        if isinstance(proof, VerifyAny | VerifyAll):
            yield from each_proof(proof.any if isinstance(proof, VerifyAny) else proof.all)
        else:
            yield proof


def proof_paths(proofs: tuple[Any, ...]) -> Iterator[RequestPath]:
    """Yield every path the proofs read."""
    for proof in each_proof(proofs):
        match proof:
            case VerifyStatic() | VerifyTimestamp():
                yield from paths_of(proof.at)
            case VerifyCondition():
                yield from paths_in(proof.when)
            case VerifySignature():
                yield from paths_of(proof.given)
                for source in proof.values.values():
                    yield from paths_of(source)
