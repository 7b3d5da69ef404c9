"""Requests that no operation asks for: signing in. They are written like any other, from the configuration alone."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tieline.connectors.engine.requests import compile_request
from tieline.connectors.manifest.requests import Request
from tieline.connectors.manifest.schema import Manifest, Operation
from tieline.connectors.wire.messages import Outgoing

_AS_IF: Final = "system.ping"


def own_requests(manifest: Manifest, config: Mapping[str, Any]) -> Callable[[Request], Callable[[], Outgoing]]:
    """Return what compiles a request that takes no inputs; it is then written anew for each use."""

    def compile_own(request: Request) -> Callable[[], Outgoing]:
        compiled = compile_request(manifest, _AS_IF, Operation(request=request), config)
        return lambda: compiled.render({}, {}, {})

    return compile_own
