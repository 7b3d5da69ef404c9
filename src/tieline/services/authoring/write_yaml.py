"""Write YAML that our own strict reader reads back as the very same values."""

from typing import Any

import orjson
import yaml

from tieline.connectors.language.writing import json_bytes
from tieline.connectors.recordings.example import RecordedResponse
from tieline.connectors.wire.messages import Incoming
from tieline.kit.yaml_lines import YamlRefused, parse_with_lines

_WIDTH = 118


class _Plain(yaml.SafeDumper):
    """No anchors: the reader takes none."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - the library's signature
        return True


def yaml_of(tree: object) -> str:
    """Return a tree of dicts, lists and scalars as YAML, in the order given."""
    written: str = yaml.dump(tree, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=_WIDTH)
    return written


def inline(tree: object) -> str:
    """Return a tree as YAML on one line, as people write a row or a request."""
    written: str = yaml.dump(tree, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=10_000, default_flow_style=True)
    return written.removesuffix("...\n").rstrip("\n")


def answer_as_written(incoming: Incoming) -> RecordedResponse:
    """Return an answer as an example holds it: JSON as a tree where the file gives it back unchanged, otherwise the text."""
    tree = _json(incoming.body)
    headers = dict(incoming.headers)
    if tree is not None and _survives(tree):
        headers = {name: value for name, value in headers.items() if name != "content-type"}
        return RecordedResponse(status=incoming.status, headers=headers, json_=tree)
    return RecordedResponse(status=incoming.status, headers=headers, body=incoming.body.decode(errors="replace"))


def _json(body: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _survives(tree: object) -> bool:
    """Numbers such as 1e400 or 10.0 would come back as something else."""
    try:
        return json_bytes(parse_with_lines(yaml_of({"tree": tree})).tree) == json_bytes({"tree": tree})
    except YamlRefused:
        return False
