"""The words in which a manifest says how something is signed: recipes for texts, canonical spellings, places in a request."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from tieline.connectors.manifest.headers import CookieName, CredentialHeader
from tieline.connectors.manifest.part import Part, Template, Word

HashName = Literal["md5", "sha1", "sha256", "sha512", "sm3"]
Encoding = Literal["text", "raw", "hex", "HEX", "base64", "base64url"]
Escape = Literal["rfc3986", "path", "form"]
NonceKind = Literal["hex_32", "digits_6", "digits_10", "uuid"]
# What `$request.…` can name; `header` and `query` are followed by the name of one.
REQUEST_PARTS: Final = frozenset(
    {"method", "url", "host", "hostname", "path", "path_decoded", "query", "header", "body"}
    | {"canonical_query", "canonical_form", "header_lines", "header_names"}
)


def _one_or_several(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


def _shape(value: object) -> str | None:
    return "text" if isinstance(value, str) else "recipe" if isinstance(value, dict | Recipe) else None


class Recipe(Part):
    """How one text is made.

    In this order: the parts of `of` are joined (sorted by their bytes first, with `sort`), escaped, cut `after` the last mark,
    read from an encoding, then hashed, or authenticated with `key`, or mixed with `xor`, and written `as` something.
    Without a hash the result is written as text, with one in lower-case hex. `optional`: left out when there is nothing in it;
    `when`: left out unless there is something in that.
    """

    of: Annotated[tuple["Ingredient", ...], BeforeValidator(_one_or_several), Field(min_length=1)]
    join: str = ""
    sort: bool = False
    escape: Escape | None = None
    after: Annotated[str, Field(min_length=1)] | None = None
    read: Literal["base64", "hex"] | None = None
    hash_: Annotated[HashName | None, Field(alias="hash")] = None
    hmac: HashName | None = None
    key: "Ingredient | None" = None
    xor: Annotated[str, Field(min_length=1)] | None = None
    as_: Annotated[Encoding | None, Field(alias="as")] = None
    optional: bool = False
    when: "Ingredient | None" = None

    @model_validator(mode="after")
    def _one_operation(self) -> Self:
        if sum(choice is not None for choice in (self.hash_, self.hmac, self.xor)) > 1:
            raise ValueError("a recipe has one operation: hash, hmac or xor; make the rest a value of its own")
        if (self.hmac is None) != (self.key is None):
            raise ValueError("hmac and key belong together")
        return self


Ingredient = Annotated[
    Annotated[Annotated[str, Field(max_length=2000)], Tag("text")] | Annotated[Recipe, Tag("recipe")],
    Discriminator(
        _shape,
        custom_error_type="ingredient",
        custom_error_message="write a text, a reference such as $timestamp, or {of: …, hash: …}",
    ),
]


class Injection(Part):
    """One value put into the request: a header, a query parameter, a cookie, or a field of its JSON or form body."""

    header: CredentialHeader | None = None
    query: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    cookie: CookieName | None = None
    body: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    value: Ingredient | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Where it goes, and under which name."""
        named = {"header": self.header, "query": self.query, "cookie": self.cookie, "body": self.body}
        return next((place, name) for place, name in named.items() if name is not None)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(name is not None for name in (self.header, self.query, self.cookie, self.body)) != 1:
            raise ValueError("name one place: header, query, cookie or body")
        if isinstance(self.value, str) and not self.value.isprintable():
            raise ValueError("a control character cannot be sent; it would break out of its place")
        return self


class PairSpelling(Part):
    """How the parameters of a query or a form are written where they are signed."""

    sort: Literal["escaped", "plain", "as_sent"] = "escaped"
    escape: Literal["rfc3986", "form", "none"] = "rfc3986"
    exclude: tuple[str, ...] = ()
    distinct: bool = False
    pair: str = "="
    join: str = "&"


class HeaderSpelling(Part):
    """Which headers are signed, by name or by beginning (`x-acs-*`), and how their values are written."""

    names: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}\*?$")], ...] = ("host",)
    values: Literal["plain", "lower", "rfc3986"] = "plain"


class Canonical(Part):
    """The spellings that `$request.canonical_query`, `.canonical_form`, `.header_lines` and `.header_names` stand for."""

    query: PairSpelling = PairSpelling()
    form: PairSpelling = PairSpelling()
    headers: HeaderSpelling = HeaderSpelling()


class TimeSpelling(Part):
    """A moment written in `format`: epoch_s, epoch_ms, iso, or strftime signs; in UTC unless a `zone` is named."""

    format: Annotated[str, Field(min_length=1, max_length=60)]
    zone: Template | None = None


def _spelled(value: object) -> Any:  # noqa: ANN401 - what the file says
    return {"format": value} if isinstance(value, str) else value


Times = dict[Word, Annotated[TimeSpelling, BeforeValidator(_spelled)]]
Injections = Annotated[tuple[Injection, ...], BeforeValidator(_one_or_several)]


class SignAuth(Canonical):
    """A signature made of named steps.

    `before` is put on the request and signed with it; `values` are worked out in order from the request as it then is; `inject`
    puts the result on it.
    """

    kind: Literal["sign"]
    times: Times = Field(default_factory=dict)
    nonce: NonceKind | None = None
    before: Injections = ()
    values: dict[Word, Recipe] = Field(default_factory=dict)
    inject: Annotated[Injections, Field(min_length=1)]


Recipe.model_rebuild()
