"""YAML read strictly: text stays text, nothing is said twice, and every value remembers its line.

A plain word becomes something other than text only where nobody can be surprised: `true`, `false`, `null`, and a number whose
characters come back unchanged when it is written again. So `no`, `on`, `013800138000`, `+8613800138000`, `1e5`, `1_000`,
`12:30` and the version `1.10` stay text, and so does an integer beyond 64 bits. Keys are always text. Tags, anchors, aliases
and merge keys are refused: they hide what a file says and let a small file grow without end.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import yaml

PathKey = tuple[str | int, ...]
LARGEST_FILE_BYTES: Final = 1_048_576
DEEPEST_NESTING: Final = 64

_WORDS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,19})")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,17}")
_INTEGER_RANGE: Final = range(-(2**63), 2**64)
# The C parser gives the same events some ten times faster; the wheel carries it on every platform we support.
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlRefused(ValueError):
    """The text is not YAML, or says something twice or in a way we do not take. `line` counts from 1."""

    def __init__(self, problem: str, *, line: int) -> None:
        super().__init__(f"line {line}: {problem}")
        self.problem = problem
        self.line = line


class LocatedTree(NamedTuple):
    """Plain dicts, lists and scalars, and the 1-based line of every node by its path; a key's line is the key's own."""

    tree: object
    lines: Mapping[PathKey, int]


def load_with_lines(path: Path) -> LocatedTree:
    """Read a UTF-8 file of at most 1 MiB. Raises: OSError: unreadable. YamlRefused: see the class."""
    with path.open("rb") as file:
        raw = file.read(LARGEST_FILE_BYTES + 1)
    if len(raw) > LARGEST_FILE_BYTES:
        raise YamlRefused("the file is larger than 1 MiB", line=1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise YamlRefused("the file is not UTF-8", line=raw.count(b"\n", 0, exc.start) + 1) from exc
    return parse_with_lines(text)


def parse_with_lines(text: str) -> LocatedTree:
    """Read one YAML document; an empty one is None. Raises: YamlRefused: see the class."""
    builder = _Builder()
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        raise YamlRefused(exc.problem or "not YAML", line=mark.line + 1 if mark else 1) from exc
    except (yaml.YAMLError, UnicodeError) as exc:
        raise YamlRefused("a character that YAML does not allow", line=1) from exc
    return LocatedTree(builder.root, builder.lines)


def line_of(lines: Mapping[PathKey, int], path: PathKey) -> int:
    """Return the line of the node at `path`, or of its nearest ancestor that was written down."""
    return next((lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in lines), 1)


def _events(text: str) -> Iterator[yaml.Event]:
    loader = _Loader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


class _Builder:
    """Grows the tree from parser events without recursion, so that depth is our own limit and not the interpreter's."""

    def __init__(self) -> None:
        self.root: object = None
        self.lines: dict[PathKey, int] = {(): 1}
        self._documents = 0
        self._open: list[dict[str, Any] | list[Any]] = []
        self._path: list[str | int] = []
        self._key: str | None = None

    def take(self, event: yaml.Event) -> None:
        """Add what one event says. Raises: YamlRefused."""
        line = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case yaml.DocumentStartEvent():
                self._count_document(line)
            case yaml.AliasEvent():
                raise YamlRefused("aliases are not taken; write the value out", line=line)
            case yaml.ScalarEvent():
                self._refuse_decorations(event, line)
                self._scalar(event, line)
            case yaml.CollectionStartEvent():
                self._refuse_decorations(event, line)
                self._open_collection({} if isinstance(event, yaml.MappingStartEvent) else [], line)
            case yaml.CollectionEndEvent():
                self._open.pop()
                self._leave()
            case _:
                pass

    def _count_document(self, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            raise YamlRefused("one document per file", line=line)

    @staticmethod
    def _refuse_decorations(event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> None:
        if event.anchor is not None:
            raise YamlRefused("anchors are not taken; write the value out where it is needed", line=line)
        if event.tag is not None:
            raise YamlRefused("tags are not taken; quote a value to make it text", line=line)
        if isinstance(event, yaml.ScalarEvent) and "\0" in event.value:
            raise YamlRefused("a NUL character, which no database takes", line=line)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        plain = bool(event.implicit[0])
        if self._expects_key():
            self._take_key(event.value, line, plain=plain)
            return
        self._place(_resolve(event.value) if plain else event.value, line)
        self._leave()

    def _open_collection(self, collection: dict[str, Any] | list[Any], line: int) -> None:
        if self._expects_key():
            raise YamlRefused("a key is one word or quoted text", line=line)
        if len(self._open) >= DEEPEST_NESTING:
            raise YamlRefused(f"nested deeper than {DEEPEST_NESTING} levels", line=line)
        self._place(collection, line)
        self._open.append(collection)

    def _expects_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1], dict) and self._key is None

    def _take_key(self, key: str, line: int, *, plain: bool) -> None:
        if plain and key == "<<":
            raise YamlRefused("merge keys are not taken; write the values out", line=line)
        if key in self._open[-1]:
            raise YamlRefused(f"the key {key[:80]!r} stands twice", line=line)
        self._key = key
        self.lines[(*self._path, key)] = line

    def _place(self, value: object, line: int) -> None:
        """Put `value` where the parser stands and step onto it; `_leave` steps back."""
        if not self._open:
            self.root = value
            self.lines[()] = line
            return
        parent = self._open[-1]
        step = len(parent) if self._key is None else self._key
        if isinstance(parent, dict):
            parent[cast("str", step)] = value
        else:
            parent.append(value)
        self._key = None
        self._path.append(step)
        self.lines.setdefault(tuple(self._path), line)

    def _leave(self) -> None:
        if self._path:
            self._path.pop()


def _resolve(text: str) -> str | int | float | bool | None:
    """Read a plain word; only a number that writes back to the same characters is one."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and text != "-0":
        number = int(text)
        return number if number in _INTEGER_RANGE else text
    if _DECIMAL.fullmatch(text) and repr(float(text)) == text:
        return float(text)
    return text
