"""What the sender is told, made from the request alone and at once: nothing is asked and nothing is waited for."""

from collections.abc import Callable, Mapping
from typing import Any

from tieline.connectors.inbound.request import Reply
from tieline.connectors.language.templates import compile_tree, json_bytes
from tieline.connectors.manifest import inbound as declared


def compile_reply(reply: declared.Reply, config: Mapping[str, Any]) -> Callable[[], Reply]:
    """Return what makes the reply."""
    if reply.text is not None:
        made = Reply(reply.status, "text/plain; charset=utf-8", reply.text.encode())
    else:
        body = compile_tree(reply.json_, config).render({})
        made = Reply(reply.status, body=b"" if body is None else json_bytes(body))
    return lambda: made
