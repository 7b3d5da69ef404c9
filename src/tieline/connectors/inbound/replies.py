"""What the sender is told, made at once from the request and the configuration: nothing is asked, nothing waited for."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from tieline.connectors.answers.read import Unreadable
from tieline.connectors.inbound.letter import Letter
from tieline.connectors.inbound.request import Reply
from tieline.connectors.inbound.sealing import Seal, SealBroken
from tieline.connectors.language.paths import walk
from tieline.connectors.language.references import Reference, parse_text, references
from tieline.connectors.language.templates import compile_tree
from tieline.connectors.language.writing import as_text, json_bytes
from tieline.connectors.manifest import inbound_reply as declared
from tieline.connectors.manifest.signing import Canonical
from tieline.connectors.signing.message import Message
from tieline.connectors.signing.recipes import Kitchen, Scope

Roots = Mapping[str, Any]
Replier = Callable[[Letter, Roots], Reply]
LONGEST_INSERT: Final = 1000


def compile_reply(reply: declared.Reply, config: Mapping[str, Any], seal: Seal | None) -> Replier:
    """Return what makes the reply; further roots (`opened`) are the caller's. Without a key, `seal` is sent plainly."""
    write = _writer(reply, config, sealed=seal is not None)
    headers = {name: _text(template, config, plain) for name, template in reply.headers.items()}
    close = _closer(reply, config, seal)
    wanted = {found.root for found in _referred(reply)}
    content_type = reply.content_type or _TYPES[_kind(reply)]
    if wanted <= {"config"} and (reply.seal is None or seal is None):
        fixed = {name: value for name, render in headers.items() if (value := _header(render({}))) is not None}
        always = Reply(reply.status, content_type, write({}), fixed)
        return lambda _letter, _further: always

    def make(letter: Letter, further: Roots) -> Reply:
        roots = {**_seen(letter, wanted), **further}
        roots = {**roots, **close(letter, roots)}
        sent = {name: value for name, render in headers.items() if (value := _header(render(roots))) is not None}
        body = write(roots)
        return Reply(reply.status, content_type, body, sent)

    return make


def _seen(letter: Letter, wanted: Collection[str]) -> Roots:
    """Return what the reply refers to; a body that cannot be read is answered like an empty one."""
    try:
        return letter.roots(wanted)
    except (Unreadable, SealBroken):
        return letter.roots(())


def _kind(reply: declared.Reply) -> str:
    return "text" if reply.text is not None else "xml" if reply.xml is not None else "json"


def _writer(reply: declared.Reply, config: Mapping[str, Any], *, sealed: bool) -> Callable[[Roots], bytes]:
    if reply.seal is not None and not sealed:
        return _encoded(_text(reply.seal, config, plain))
    if reply.text is not None:
        return _encoded(_text(reply.text, config, plain))
    if reply.xml is not None:
        return _encoded(_text(reply.xml, config, escape))
    tree = compile_tree(reply.json_, config)

    def write(roots: Roots) -> bytes:
        body = tree.render(roots)
        return b"" if body is None else json_bytes(body)

    return write


def _encoded(render: Callable[[Roots], str]) -> Callable[[Roots], bytes]:
    return lambda roots: render(roots).encode(errors="replace")


def plain(text: str) -> str:
    """Insert as it is."""
    return text


def _text(template: str, config: Mapping[str, Any], spell: Callable[[str], str]) -> Callable[[Roots], str]:
    """Compile a text. What is inserted is cut to a sane length and spelled for its surroundings."""
    parsed = parse_text(template)
    parts = parsed if isinstance(parsed, tuple) else (parsed,)

    def inserted(part: Reference, roots: Roots) -> str:
        value = config.get(part.steps[0]) if part.root == "config" else walk(roots.get(part.root), part.steps)
        return spell(as_text(value)[:LONGEST_INSERT]) if isinstance(value, str | int | float) else ""

    return lambda roots: "".join(part if isinstance(part, str) else inserted(part, roots) for part in parts)


def _header(value: str) -> str | None:
    """Leave out what would break out of its line."""
    return value if value and value.isascii() and value.isprintable() else None


def _closer(reply: declared.Reply, config: Mapping[str, Any], seal: Seal | None) -> Callable[[Letter, Roots], Roots]:
    """Return what makes `sealed`, and then `signature` of it."""
    if reply.seal is None or seal is None:
        return lambda _letter, _roots: {}
    text = _text(reply.seal, config, plain)
    sign = Kitchen(config, canonical=Canonical()).compile(reply.sign).render if reply.sign else None

    def close(letter: Letter, roots: Roots) -> Roots:
        made = {"sealed": seal.seal(text(roots))}
        if sign is None:
            return made
        request = letter.request
        message = Message(request.method, request.address, request.headers, request.body)
        return {**made, "signature": (sign(Scope(message, {**roots, **made})) or b"").decode(errors="replace")}

    return close


def _referred(reply: declared.Reply) -> list[Reference]:
    trees = [reply.json_, reply.text, reply.xml, reply.seal, reply.headers]
    return [found for tree in trees for _, found in references(tree) if isinstance(found, Reference)]


_TYPES: Final[Mapping[str, str]] = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "xml": "text/xml; charset=utf-8",
}
