"""An OpenAPI 3.0 or 3.1 description read from one local file: `$ref`s inside it are followed, nothing is fetched."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from tieline.domain.errors import ConfigRefused
from tieline.kit.yaml_lines import YamlRefused, parse_with_lines

LARGEST_BYTES: Final = 4_194_304
_LONGEST_CHAIN: Final = 20
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_VERSIONS: Final = ("3.0", "3.1")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation; `place` is path, query, header or cookie."""

    name: str
    place: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """One operation as described, with everything resolved that is asked of it."""

    method: str
    path: str
    summary: str = ""
    parameters: Sequence[Parameter] = ()
    sent: Mapping[str, Any] = field(default_factory=dict)
    answered: Mapping[str, Any] = field(default_factory=dict)
    example: Any = None
    deprecated: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of its path."""
        return tuple(part for part in self.path.split("/") if part)

    def parameter(self, *names: str, place: str = "query") -> str | None:
        """Return the first parameter of one of these names, however its words are joined; None: there is none."""
        plain = {_plain(each.name): each.name for each in self.parameters if each.place == place}
        return next((plain[_plain(name)] for name in names if _plain(name) in plain), None)


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


class Description:
    """The whole file."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree
        self.outside: set[str] = set()

    @property
    def title(self) -> str:
        """What the vendor calls the API."""
        return str(_map(self._tree.get("info")).get("title") or "")

    @property
    def servers(self) -> Sequence[Mapping[str, Any]]:
        """The servers as listed."""
        return [_map(server) for server in _list(self._tree.get("servers"))]

    @property
    def security_schemes(self) -> Mapping[str, Mapping[str, Any]]:
        """The ways to sign in: those required of everything first, then those most operations name."""
        schemes = _map(_map(self._tree.get("components")).get("securitySchemes"))
        wanted = [name for rule in _list(self._tree.get("security")) for name in _map(rule)]
        named = Counter(self._named_by_operations())
        often = sorted(named, key=lambda name: -named[name])
        return {name: self.resolve(schemes[name]) for name in dict.fromkeys((*wanted, *often, *schemes)) if name in schemes}

    def _named_by_operations(self) -> Iterator[str]:
        for item in _map(self._tree.get("paths")).values():
            for method in _METHODS:
                for rule in _list(_map(self.resolve(item).get(method)).get("security")):
                    yield from map(str, _map(rule))

    def resolve(self, node: object) -> Mapping[str, Any]:
        """Follow `$ref`s to what they stand for; what lies outside the file, or turns in circles, is empty."""
        for _ in range(_LONGEST_CHAIN):
            reference = node.get("$ref") if isinstance(node, Mapping) else None
            if not isinstance(reference, str):
                return _map(node)
            node = self._at(reference)
        return {}

    def properties(self, schema: object, *, depth: int = 3) -> dict[str, Mapping[str, Any]]:
        """Return the properties of an object schema, those of `allOf` and of the first choice included."""
        found = self.resolve(schema)
        merged: dict[str, Mapping[str, Any]] = {}
        if depth:
            parts = [*_list(found.get("allOf")), *_list(found.get("anyOf"))[:1], *_list(found.get("oneOf"))[:1]]
            for part in parts:
                merged |= self.properties(part, depth=depth - 1)
        return merged | {str(name): self.resolve(each) for name, each in _map(found.get("properties")).items()}

    def items(self, schema: object) -> Mapping[str, Any]:
        """Return what a list schema holds; empty for any other."""
        return self.resolve(self.resolve(schema).get("items"))

    def operations(self) -> Iterator[Described]:
        """Yield every operation that is not on its way out, in the order of the file."""
        for path, written in _map(self._tree.get("paths")).items():
            item = self.resolve(written)
            for method in _METHODS:
                if isinstance(item.get(method), Mapping):
                    described = self._operation(str(path), method, item)
                    if not described.deprecated:
                        yield described

    def _operation(self, path: str, method: str, item: Mapping[str, Any]) -> Described:
        written = _map(item[method])
        parameters = {
            (str(each.get("name")), str(each.get("in"))): each
            for each in map(self.resolve, (*_list(item.get("parameters")), *_list(written.get("parameters"))))
        }
        answer = self._success(_map(written.get("responses")))
        sent = self._json(self.resolve(written.get("requestBody")))
        return Described(
            method=method.upper(),
            path=path,
            summary=" ".join(str(written.get(key) or "") for key in ("summary", "operationId")).strip(),
            parameters=tuple(Parameter(name, place, bool(each.get("required"))) for (name, place), each in parameters.items()),
            sent=self.resolve(sent.get("schema")),
            answered=self.resolve(answer.get("schema")),
            example=self._example(answer),
            deprecated=bool(written.get("deprecated")),
        )

    def _success(self, responses: Mapping[str, Any]) -> Mapping[str, Any]:
        for status in ("200", "201", "2XX", "202", "default"):
            if status in responses:
                return self._json(self.resolve(responses[status]))
        return {}

    @staticmethod
    def _json(message: Mapping[str, Any]) -> Mapping[str, Any]:
        content = _map(message.get("content"))
        return next((_map(content[kind]) for kind in content if "json" in str(kind).lower()), {})

    def _example(self, media: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        if "example" in media:
            return media["example"]
        for each in _map(media.get("examples")).values():
            if "value" in self.resolve(each):
                return self.resolve(each)["value"]
        return self.resolve(media.get("schema")).get("example")

    def _at(self, reference: str) -> object:
        if not reference.startswith("#/"):
            self.outside.add(reference.partition("#")[0])
            return {}
        node: object = self._tree
        for step in reference[2:].split("/"):
            node = _map(node).get(step.replace("~1", "/").replace("~0", "~"))
        return node


def read_description(file: Path) -> Description:
    """Read a description. Raises: ConfigRefused: unreadable, larger than 4 MiB, or no OpenAPI 3.0 or 3.1."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST_BYTES + 1)
    except OSError as exc:
        raise ConfigRefused("the file cannot be read", where=str(file)) from exc
    if len(raw) > LARGEST_BYTES:
        raise ConfigRefused("the file is larger than 4 MiB", where=str(file))
    tree = _parsed(raw, file)
    version = str(_map(tree).get("openapi", ""))
    if not version.startswith(_VERSIONS):
        raise ConfigRefused("this is no OpenAPI 3.0 or 3.1 description", where=str(file))
    return Description(_map(tree))


def _parsed(raw: bytes, file: Path) -> object:
    try:
        if raw.lstrip()[:1] == b"{":
            return orjson.loads(raw)
        return parse_with_lines(raw.decode("utf-8-sig")).tree
    except YamlRefused as exc:
        raise ConfigRefused(exc.problem, where=f"{file}:{exc.line}") from exc
    except ValueError as exc:
        raise ConfigRefused("the file is neither JSON nor YAML in UTF-8", where=str(file)) from exc


def _map(node: object) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}


def _list(node: object) -> list[Any]:
    return node if isinstance(node, list) else []
