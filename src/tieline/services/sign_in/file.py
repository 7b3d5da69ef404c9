"""The file that says who vouches for people, and who they are here: providers, agents, roles."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tieline.domain.errors import ConfigRefused
from tieline.kit.yaml_lines import YamlRefused, line_of, load_with_lines
from tieline.security.json_web_tokens import USUAL_ALGORITHMS, Algorithm
from tieline.security.roles import role_table
from tieline.services import secret_words

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Word = Annotated[str, Field(min_length=1, max_length=255)]
SecretWord = Annotated[str, Field(pattern=r"^(env|file):.+")]
MOST_PROVIDERS: Final = 20


class Entry(BaseModel):
    """What every provider says.

    `agents` names our agent for a person of theirs; without it the person's own name must be an agent's id. Whoever comes in has
    the role our directory gives the agent, unless the provider's `roles` say otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=60)]
    agents: Mapping[Word, Word] | None = None
    session_h: Annotated[float, Field(gt=0, le=12)] = 12

    def agent_id(self, name: str) -> str | None:
        """Return which agent of ours somebody is; None: none."""
        return name if self.agents is None else self.agents.get(name)


class Roles(BaseModel):
    """Where a provider says which groups somebody is in, and what each means here. The first that fits, as written, is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claim: Word
    values: Annotated[Mapping[Word, Word], Field(min_length=1)]

    @model_validator(mode="after")
    def _roles_exist(self) -> Self:
        if unknown := sorted(set(self.values.values()) - role_table().keys()):
            message = f"there is no such role: {', '.join(unknown)}; there are: {', '.join(role_table())}"
            raise ValueError(message)
        return self


class OidcEntry(Entry):
    """An OpenID provider. `claim` is the one that holds the name of our agent; a path with dots leads into objects."""

    kind: Literal["oidc"]
    issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500)]
    client_id: Word
    client_secret: SecretWord | None = None
    scopes: tuple[Word, ...] = ("openid", "profile", "email")
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = USUAL_ALGORITHMS
    claim: Word = "preferred_username"
    roles: Roles | None = None
    acr: frozenset[Word] = frozenset()
    amr: frozenset[Word] = frozenset()
    max_age_s: Annotated[int, Field(ge=0)] | None = None


class WecomEntry(Entry):
    """A self-built application of a company in WeCom (企业微信)."""

    kind: Literal["wecom"]
    corp_id: Word
    agentid: Annotated[Word, Field(description="The application's own number, as WeCom calls it.")]
    secret: SecretWord


class DingtalkEntry(Entry):
    """An application of a company in DingTalk (钉钉)."""

    kind: Literal["dingtalk"]
    client_id: Word
    client_secret: SecretWord
    corp_id: Word


ProviderEntry = Annotated[OidcEntry | WecomEntry | DingtalkEntry, Field(discriminator="kind")]


class SignInFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    providers: Annotated[Mapping[Name, ProviderEntry], Field(max_length=MOST_PROVIDERS)]


def read_sign_in_file(path: Path | None) -> Mapping[str, ProviderEntry]:
    """Return the providers by name; none without a file. Raises: ConfigRefused: naming file and line."""
    if path is None:
        return {}
    try:
        located = load_with_lines(path)
    except OSError as exc:
        raise ConfigRefused("the file cannot be read", where=str(path)) from exc
    except YamlRefused as exc:
        raise ConfigRefused(exc.problem, where=f"{path}:{exc.line}") from exc
    try:
        return SignInFile.model_validate(located.tree).providers
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        place = tuple(part for part in first["loc"] if part not in {"[key]", "oidc", "wecom", "dingtalk"})
        named = ".".join(map(str, place)) or "the file"
        raise ConfigRefused(f"{named}: {first['msg']}", where=f"{path}:{line_of(located.lines, place)}") from exc


def secret_of(word: str | None, *, name: str, path: Path) -> str | None:
    """Return the secret a word of the file points to; None: there is none. Raises: ConfigRefused."""
    return word and secret_words.resolve(word, where=f"{path} {name}", folder=path.parent, plain_allowed=False)


def value_at(claims: Mapping[str, Any], path: str) -> object:
    """Return what stands at a path: as one name first (`https://acme/groups`), then step by step (`realm_access.roles`)."""
    if path in claims:
        return claims[path]
    found: object = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
