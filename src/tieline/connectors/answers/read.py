"""Read an answer's bytes as what they claim to be: JSON, XML, a form or text. Hostile or broken bytes end as `unreadable`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import parse_qs

import orjson

from tieline.connectors.answers.xml_tree import XmlRefused, xml_to_tree
from tieline.connectors.language.paths import Step, walk
from tieline.connectors.manifest.part import AnswerKind
from tieline.connectors.wire.messages import Answer, Incoming

_BOM: Final = b"\xef\xbb\xbf"


class Unreadable(ValueError):
    """The bytes are not what they claim to be; the text names the fault and never the contents. `code` tells XML that attacks."""

    def __init__(self, text: str, code: Literal["body_malformed", "xml_dtd_forbidden", "xml_limits"] = "body_malformed") -> None:
        super().__init__(text)
        self.code = code


def read_answer(incoming: Incoming, kind: AnswerKind = "auto", nested: Sequence[Sequence[Step]] = ()) -> Answer:
    """Parse the body; one that cannot be parsed leaves body None and says why in `unreadable`.

    `nested`: where a text holds JSON, which takes its place; a text that is not JSON stays what it is.
    """
    written = incoming.headers.get("content-type", "")
    content_type = written.partition(";")[0].strip().lower()
    try:
        body = parse_body(incoming.body, content_type=written, kind=kind)
    except Unreadable as exc:
        return Answer(incoming.status, incoming.headers, content_type, None, unreadable=str(exc))
    for steps in nested:
        body = _unfolded(body, steps)
    return Answer(incoming.status, incoming.headers, content_type, body)


def _unfolded(tree: Any, steps: Sequence[Step]) -> Any:  # noqa: ANN401 - JSON
    if not steps:
        try:
            return orjson.loads(tree) if isinstance(tree, str) else tree
        except orjson.JSONDecodeError:
            return tree
    if walk(tree, steps[:1]) is not None:
        tree[steps[0]] = _unfolded(tree[steps[0]], steps[1:])
    return tree


def parse_body(body: bytes, *, content_type: str, kind: AnswerKind = "auto") -> Any:  # noqa: ANN401 - whatever was sent
    """Return dicts, lists and scalars; None for an empty body. Raises: Unreadable."""
    if not body or body.isspace():
        return None
    return _READERS[_sniff(body, content_type.lower()) if kind == "auto" else kind](body, content_type)


def _sniff(body: bytes, content_type: str) -> str:
    """Believe the header, but know that many systems send JSON as text/html."""
    if "json" in content_type:
        return "json"
    if "xml" in content_type and "html" not in content_type:
        return "xml"
    if "x-www-form-urlencoded" in content_type:
        return "form"
    first = body.lstrip(_BOM + b" \t\r\n")[:1]
    return "json" if first in {b"{", b"["} else "text"


def _charset(content_type: str) -> str:
    return content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'") or "utf-8"


def _decoded(body: bytes, content_type: str) -> str:
    charset = _charset(content_type)
    try:
        text = body.decode("utf-8-sig" if charset in {"utf-8", "utf8"} else charset)
        text.encode()  # UTF-7 can spell half a surrogate pair, which is no text: nothing behind this door could write it.
    except (UnicodeError, LookupError) as exc:
        raise Unreadable("the text is not in the character set it claims") from exc
    return text


def _json(body: bytes, content_type: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass  # A byte order mark or another character set: rare, so it is tried second.
    try:
        return orjson.loads(_decoded(body, content_type))
    except orjson.JSONDecodeError as exc:
        raise Unreadable("the body is not JSON") from exc


def _xml(body: bytes, _content_type: str) -> Any:  # noqa: ANN401 - a tree
    try:
        return xml_to_tree(body)
    except XmlRefused as exc:
        raise Unreadable(str(exc), exc.code) from exc


def _form(body: bytes, content_type: str) -> dict[str, Any]:
    """One value is text, several are a list; `name[]` is always a list, named without the brackets."""
    try:
        text, charset = _decoded(body, content_type), _charset(content_type)
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=1000, encoding=charset)
    except ValueError as exc:
        raise Unreadable("the body is not a form") from exc
    return {
        key.removesuffix("[]"): values if key.endswith("[]") or len(values) > 1 else values[0] for key, values in fields.items()
    }


_READERS: Final[Mapping[str, Callable[[bytes, str], Any]]] = {"json": _json, "xml": _xml, "form": _form, "text": _decoded}
